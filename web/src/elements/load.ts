/** Each element's module is fetched only on pages that contain its tag. */
const kElements: Record<string, () => Promise<unknown>> = {
  'build-badge': () => import('./build-badge'),
  'kernel-race': () => import('./kernel-race'),
  'blocking-tuner': () => import('./blocking-tuner'),
  'roofline-chart': () => import('./roofline-chart'),
  'image-classifier': () => import('./image-classifier'),
  'timer-demo': () => import('./timer-demo'),
  'work-counter': () => import('./work-counter'),
  'model-profiler': () => import('./model-profiler'),
  'model-trainer': () => import('./model-trainer'),
  'layer-roofline': () => import('./layer-roofline'),
  'cache-simulator': () => import('./cache-simulator'),
  'token-race': () => import('./token-race'),
  'endless-text': () => import('./endless-text'),
  'own-attention': () => import('./own-attention'),
  'cache-time-machine': () => import('./cache-time-machine'),
  'attention-map': () => import('./attention-map'),
  'policy-explorer': () => import('./policy-explorer'),
  'cost-curve': () => import('./cost-curve'),
  'caching-limits': () => import('./caching-limits'),
  'code-exercise': () => import('./code-exercise'),
  'course-progress': () => import('./course-progress'),
  'lesson-check': () => import('./lesson-check'),
  'offline-state': () => import('./offline-state'),
};

export function loadElements(page: ParentNode): void {
  for (const [tag, load] of Object.entries(kElements)) {
    if (page.querySelector(tag) !== null) void load();
  }
}
