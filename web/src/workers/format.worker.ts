/** clang-format, in a worker: a source it never finishes with can be ended, and the page does not wait. */
import init, { format } from '@wasm-fmt/clang-format/web';
import wasm from '@wasm-fmt/clang-format/wasm?url';
import style from '../../../.clang-format?raw';
import { kMainFile } from '../lab/compiler/compile.ts';

export type FormatReply = { text: string } | { error: string };

self.onmessage = async ({ data }: MessageEvent<string>) => {
  let reply: FormatReply;
  try {
    await init(wasm);
    reply = { text: format(data, kMainFile, style) };
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(reply);
};
