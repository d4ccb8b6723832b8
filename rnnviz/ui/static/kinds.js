// What draws each kind of picture.
import { Chart } from "./chart.js";
import { Curves } from "./curves.js";
import { InsideCell } from "./inside_cell.js";
import { Network } from "./network.js";
import { PairCurves } from "./pair_curves.js";
import { PairNetwork } from "./pair_network.js";
import { Phrases } from "./phrases.js";
import { StepNetwork } from "./step.js";
import { Table } from "./table.js";
import { WordsRow } from "./words_row.js";

export const KINDS = {
  chart: Chart, curves: Curves, inside_cell: InsideCell, network: Network, pair_curves: PairCurves,
  pair_network: PairNetwork, phrases: Phrases, step: StepNetwork,
  table: Table, words: WordsRow,
};
