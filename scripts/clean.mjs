// Usage: node scripts/clean.mjs DIR...   Removes build folders (portable `rm -rf`).
import { rmSync } from 'node:fs';

for (const dir of process.argv.slice(2)) rmSync(dir, { recursive: true, force: true });
