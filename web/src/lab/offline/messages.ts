import type { OfflineState } from './keeper.ts';

/** What pages ask of the service worker. `fill` says that the page is idle; `pause` that it measures. */
export interface Request {
  type: 'state' | 'fill' | 'pause' | 'clear' | 'keep';
}

/** What the service worker tells pages. */
export interface StateMessage {
  type: 'optlab-offline';
  state: OfflineState;
}

const kRequests = ['state', 'fill', 'pause', 'clear', 'keep'];

export function isRequest(data: unknown): data is Request {
  return typeof data === 'object' && data !== null && kRequests.includes(String((data as Partial<Request>).type));
}

export function isStateMessage(data: unknown): data is StateMessage {
  return typeof data === 'object' && data !== null && (data as Partial<StateMessage>).type === 'optlab-offline';
}
