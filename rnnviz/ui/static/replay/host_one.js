// Replays a run in a file.
import { Curves } from "../curves.js";
import { Network } from "../network.js";
import { replay } from "./host_replay.js";

replay({ curves: Curves, network: Network });
