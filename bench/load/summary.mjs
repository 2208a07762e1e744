// node summary.mjs RUNS.jsonl: the figures of several runs as Markdown tables, median (least to greatest).
import { readFileSync } from 'node:fs'

const runs = readFileSync(process.argv[2], 'utf8').trim().split('\n').map(line => JSON.parse(line))
const format = x => Math.abs(x) >= 100 ? Math.round(x).toLocaleString('en') : String(Math.round(x * 100) / 100)

for (const workload of new Set(runs.map(run => run.workload))) {
  const own = runs.filter(run => run.workload === workload)
  const sound = own.filter(run => run.ok)
  console.log(`### ${workload}: ${own.length} runs${sound.length < own.length ? `, ${own.length - sound.length} FAILED` : ''}\n`)
  for (const run of own) for (const failure of run.failures) console.log(`- ${failure}`)
  if (!sound.length) continue
  console.log('| figure | median | least | greatest |\n|---|---|---|---|')
  for (const key of Object.keys(sound[0])) {
    if (typeof sound[0][key] !== 'number') continue
    const values = sound.map(run => run[key]).sort((a, b) => a - b)
    const median = (values[(values.length - 1) >> 1] + values[values.length >> 1]) / 2
    console.log(`| ${key} | **${format(median)}** | ${format(values[0])} | ${format(values.at(-1))} |`)
  }
  console.log()
}
