// What is done to a server while people write. name, what it is, why it cannot be here (null: it can), `run`, and how many
// times in a test and in one run of a report. Each run says how many faults there were, how many characters were
// acknowledged, and what the checker found.
import { diskFaults } from "./disk-faults.js";
import { networkFaults } from "./network-faults.js";
import { processFaults } from "./process-faults.js";

export const scenarios = [...processFaults, ...diskFaults, ...networkFaults];
