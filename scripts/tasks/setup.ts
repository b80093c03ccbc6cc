/** `npm run setup`: the set-up alone, which every other task does as well. Says what it came to. */
import { root } from '../process/paths.ts';
import { capReason } from '../setup/cap.mjs';

const reason = capReason(root);
const cap = reason === undefined ? 'cap is built' : `without cap (${reason})`;
process.stdout.write(`set up: Node ${process.versions.node}, ${cap}\n`);
