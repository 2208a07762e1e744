// What somebody may be brought to paste. Each has HTML, and what of it may be in the document: a text that must be there, or
// none. Whatever would run calls pwned(); whatever would load does so from evil.test.
const RUN = "pwned()";
const PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const table = (rows, columns) => `<table>${`<tr>${"<td>x</td>".repeat(columns)}</tr>`.repeat(rows)}</table>`;

const WORD = `<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:w="urn:schemas-microsoft-com:office:word"><head>
<meta name=ProgId content=Word.Document><link rel=File-List href="https://evil.test/filelist.xml">
<!--[if gte mso 9]><xml><o:OfficeDocumentSettings><o:AllowPNG/></o:OfficeDocumentSettings></xml><![endif]-->
<style><!-- @font-face{font-family:Wingdings;src:url(https://evil.test/font)} p.MsoNormal{margin:0;background:url(https://evil.test/css)} --></style></head>
<body lang=EN style='tab-interval:.5in'><!--StartFragment--><p class=MsoNormal style='mso-margin-top-alt:auto'><b style='mso-bidi-font-weight:normal'>Minutes</b><o:p></o:p></p>
<p class=MsoListParagraph style='text-indent:-.25in;mso-list:l0 level1 lfo1'><![if !supportLists]><span style='mso-list:Ignore'>·<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp;</span></span><![endif]>First point<o:p></o:p></p>
<v:shape><v:imagedata src="https://evil.test/image001.png" onerror="${RUN}"/></v:shape><!--EndFragment--></body></html>`;

export const CLIPBOARDS = {
  script: { html: `<p>one</p><script>${RUN}</script><script src="https://evil.test/a.js"></script>`, text: "one" },
  handlers: {
    html: `<img src=x onerror="${RUN}"><img src="https://evil.test/missing" onerror="${RUN}" onload="${RUN}"><b onclick="${RUN}" onmouseover="${RUN}">two</b><body onload="${RUN}"><input autofocus onfocus="${RUN}"><details open ontoggle="${RUN}">three</details><marquee onstart="${RUN}">`,
    text: "two",
    pictures: ["https://evil.test/missing"],
  },
  links: {
    html: ["javascript:", "JaVaScRiPt:", "java\tscript:", "java\nscript:", "\u0001javascript:", " \u00a0javascript:", "&#106;avascript&colon;", "vbscript:", "data:text/html,<script>", "data:text/html;base64,PHNjcmlwdD4=", "blob:https://evil.test/x", "file:///etc/passwd", "view-source:javascript:"]
      .map((scheme) => `<a href="${scheme}${RUN}">link</a>`)
      .join(""),
    text: "link",
  },
  svg: {
    html: `<svg onload="${RUN}"><image href="https://evil.test/svg.png"/><script>${RUN}</script><a xlink:href="javascript:${RUN}"><text>drawn</text></a><animate onbegin="${RUN}" attributeName=x dur=1s /><foreignObject><iframe srcdoc="<script>top.${RUN}</script>"></iframe></foreignObject><use href="data:image/svg+xml,<svg id='x' xmlns='http://www.w3.org/2000/svg' onload='${RUN}'/>#x"/></svg><p>beside</p>`,
    text: "beside",
  },
  frames: {
    html: `<iframe src="javascript:top.${RUN}"></iframe><iframe srcdoc="<script>top.${RUN}</script>"></iframe><iframe class="ql-video" src="https://evil.test/video"></iframe><object data="https://evil.test/o"></object><embed src="https://evil.test/e"><frameset><frame src="javascript:${RUN}"></frameset><portal src="https://evil.test/p"></portal>framed`,
    text: "framed",
  },
  loading: {
    html: `<base href="https://evil.test/"><meta http-equiv="refresh" content="0;url=https://evil.test/"><link rel="stylesheet" href="https://evil.test/s.css"><link rel="prefetch" href="https://evil.test/f"><video src="https://evil.test/v" poster="https://evil.test/poster" autoplay></video><audio src="https://evil.test/a" autoplay></audio><picture><source srcset="https://evil.test/set"></picture><img srcset="https://evil.test/srcset 1x"><form action="https://evil.test/"><button formaction="javascript:${RUN}">push</button></form><p>after</p>`,
    text: "after",
  },
  styles: {
    html: `<style>@import url(https://evil.test/i.css);*{background:url(https://evil.test/all)}</style><p style="background-image:url(https://evil.test/bg);width:expression(${RUN});-moz-binding:url(https://evil.test/x);behavior:url(https://evil.test/h)">styled</p><p style="position:fixed;inset:0;z-index:99999;opacity:0">over all</p><span style="color:red;background-color:url(https://evil.test/c);font-size:900px">red</span>`,
    text: "styled",
  },
  mutation: {
    html: `<noscript><p title="</noscript><img src=x onerror=${RUN}>"></noscript><math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=${RUN}&gt;"></table></mtext></math><svg></p><style><a id="</style><img src=1 onerror=${RUN}>"></svg><template><img src=x onerror="${RUN}"><script>${RUN}</script></template><form><math><mtext></form><form><mglyph><style></math><img src onerror=${RUN}></style></mglyph></form></mtext></math><textarea><img title="</textarea><img src onerror=${RUN}>"></textarea><xmp><p title="</xmp><svg/onload=${RUN}>"></xmp><select><style></select><img src=x onerror=${RUN}></style><p>left over</p>`,
    text: "left over",
  },
  table: { html: table(60, 12), text: "x" },
  word: { html: WORD, text: "Minutes" },
  pictures: { html: `<img src="${PIXEL}"><img src="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='${RUN}'/>"><img src="blob:https://evil.test/1"><img src="//evil.test/relative"><img src="javascript:${RUN}"><img src="https://pictures.test/a.png" alt="shown">seen`, text: "seen", pictures: ["https://pictures.test/a.png"] },
  names: {
    html: `<p __proto__="x" constructor="y" class="ql-align-__proto__ ql-indent-9999 ql-direction-constructor ql-list-toString" style="--__proto__:1">named</p><ol><li data-list="__proto__">item</li><li data-list="constructor" data-checked="${RUN}">item</li></ol><span class="quire-embed" data-embed='{"__proto__":{"polluted":1}}'>e</span><span class="quire-embed" data-embed='{"constructor":{"prototype":{"polluted":1}},"a":1}'>e</span><span class="ql-formula" data-value="\\href{javascript:${RUN}}{x}">f</span><div class="ql-code-block" data-language="__proto__">code</div><div id="app"></div><a name="quire"></a><form id="quire"></form>`,
    text: "named",
  },
  direction: { html: `<p>abc\u202edcba\u2066\u2067\u200f</p><p>next line</p>`, text: "next line" },
  deep: { html: `${"<div><b>".repeat(400)}deep${"</b></div>".repeat(400)}`, text: "deep" },
};
