/** Any folder of these places is an element: `<tag>/element.ts` defines the tag that the folder is named after. */
const kElements = import.meta.glob(['./*/element.ts', '../../../lessons/*/experiments/*/element.ts']);

/** Each element's module is fetched only on pages that contain its tag. */
export function loadElements(page: ParentNode): void {
  for (const [path, load] of Object.entries(kElements)) {
    const tag = path.split('/').at(-2)!;
    if (page.querySelector(tag) !== null) void load();
  }
}
