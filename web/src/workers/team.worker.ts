// A further thread of a kernel that several run at once.
import { createMember, type TeamMessage } from '../lab/grading/team.ts';

const member = createMember((text) => postMessage(text));
addEventListener('message', ({ data }: MessageEvent<TeamMessage>) => member(data));
