/** What a token costs at some positions, with the cache and without, repetition by repetition. */
import { kTokensOf, timed, warmUp } from '#lab/decoding.ts';
