// A further thread of a kernel that several run at once.
import { parentPort } from 'node:worker_threads';
import { createMember, type TeamMessage } from '#lab/grading/team.ts';

const member = createMember((text) => parentPort?.postMessage(text));
parentPort?.on('message', (message: TeamMessage) => member(message));
