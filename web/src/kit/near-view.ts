/** Resolves when the element comes near the window: images and model are 2 MB that not every visitor of the page needs. */
export function nearView(element: Element): Promise<void> {
  return new Promise((resolve) => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        observer.disconnect();
        resolve();
      },
      { rootMargin: '800px' },
    );
    observer.observe(element);
  });
}
