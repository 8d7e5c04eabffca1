import { docsSchema } from '@astrojs/starlight/schema';
import { defineCollection } from 'astro:content';
import { glob, type Loader } from 'astro/loaders';

/** lessons/02-acceleration/index.md → /lessons/02-acceleration/ */
function lessonId({ entry }: { entry: string }): string {
  return `lessons/${entry.split('/')[0]}`;
}

const files = glob({ base: '../lessons', pattern: '*/index.{md,mdx}', generateId: lessonId });

/**
 * Astro keeps rendered Markdown as long as its text is unchanged. Lessons show code from src/, which changes without them, so they are
 * rendered anew in every build. And it only logs what a plugin throws: a lesson that could not be rendered stops the build here.
 */
const lessons: Loader = {
  name: 'lessons',
  load: async (context) => {
    context.store.clear();
    await files.load(context);
    for (const { id, rendered } of context.store.values()) {
      if (!rendered?.html) throw new Error(`${id} could not be rendered: the reason is above`);
    }
  },
};

export const collections = {
  docs: defineCollection({ loader: lessons, schema: docsSchema() }),
};
