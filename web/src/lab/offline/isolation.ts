/** Where a host sends no isolation headers the service worker adds them, but only to pages that it answers: the first one has to reload. */

export interface PageState {
  isolated: boolean;
  /** The worker answered this very page. */
  controlled: boolean;
  /** In a frame, isolation is up to the page around it. */
  framed: boolean;
  /** The reader has touched something, or something is being measured. */
  inUse: boolean;
}

const kReloaded = 'optlab-reloaded-for-isolation';

/**
 * Whether to reload for isolation, which is done once in a tab and never again: `storage` is its session's, and null where the browser
 * refuses it, since what cannot be remembered might repeat for ever.
 */
export function claimReload(page: PageState, storage: Pick<Storage, 'getItem' | 'setItem'> | null): boolean {
  if (page.isolated || page.controlled || page.framed || page.inUse || storage === null) return false;
  try {
    if (storage.getItem(kReloaded) !== null) return false;
    storage.setItem(kReloaded, 'yes');
    return storage.getItem(kReloaded) !== null;
  } catch {
    return false;
  }
}
