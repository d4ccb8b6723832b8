// Replays two runs in a file.
import { PairCurves } from "../pair_curves.js";
import { PairNetwork } from "../pair_network.js";
import { replay } from "./host_replay.js";

replay({ pair_curves: PairCurves, pair_network: PairNetwork });
