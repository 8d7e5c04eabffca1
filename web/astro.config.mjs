import { unified } from '@astrojs/markdown-remark';
import starlight from '@astrojs/starlight';
import { defineConfig } from 'astro/config';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import rehypeKatex from 'rehype-katex';
import remarkMath from 'remark-math';
import { cspHashes } from './plugins/csp-hashes.mjs';
import { dataManifest } from './plugins/data-manifest.mjs';
import { exerciseCatalogue } from './plugins/exercises.mjs';
import { rehypeShortCode } from './plugins/rehype-short-code.mjs';
import { remarkChecks } from './plugins/remark-checks.mjs';
import { remarkElements } from './plugins/remark-elements.mjs';
import { remarkSource } from './plugins/remark-source.mjs';
import { serviceWorker } from './plugins/service-worker.ts';
import { kCourse } from './src/course.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));

// Starlight generates a sidebar only from its own folder, and the lessons lie outside web/.
const lessons = kCourse
  .filter(({ id }) => existsSync(`${repository}lessons/${id}/index.md`))
  .map(({ id, title }) => ({ label: `${id.slice(0, 2)} ${title}`, link: `/lessons/${id}/` }));

export default defineConfig({
  // The folder that the site is served from: '/' on localhost, '/optlab/' on a project page.
  base: process.env['OPTLAB_BASE'] ?? '/',
  trailingSlash: 'always',
  devToolbar: { enabled: false },
  // Prefetching would fetch other lessons' experiments while this page's is being timed.
  prefetch: false,
  security: {
    csp: {
      scriptDirective: { resources: ["'self'", "'wasm-unsafe-eval'"] },
      styleDirective: {
        // Only style attributes may be inline: highlighted code carries its colours in them.
        resources: [
          { resource: "'self'", kind: 'element' },
          { resource: "'unsafe-inline'", kind: 'attribute' },
        ],
      },
      directives: [
        "default-src 'none'",
        "base-uri 'self'",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'none'",
        "img-src 'self' data:",
        "manifest-src 'self'",
        "object-src 'none'",
        "worker-src 'self'",
      ],
    },
  },
  markdown: {
    // Expressive Code highlights; Astro's own highlighter would be refused by the policy above.
    syntaxHighlight: false,
    processor: unified({
      remarkPlugins: [[remarkSource, { root: repository }], remarkChecks, remarkElements, remarkMath],
      // Drawn with KaTeX's own fonts, since few Linux and Android systems have one for mathematics; MathML beside it for screen readers.
      rehypePlugins: [[rehypeKatex, { strict: 'error' }], rehypeShortCode],
    }),
  },
  integrations: [
    starlight({
      title: 'OptLab',
      description: 'Make machine-learning models fast, in your own browser, and measure every step.',
      favicon: '/favicon.svg',
      logo: { src: './src/assets/mark.svg', alt: '' },
      customCss: [
        '@fontsource-variable/inter/wght.css',
        '@fontsource-variable/jetbrains-mono/wght.css',
        'katex/dist/katex.min.css',
        './src/styles/theme.css',
      ],
      components: {
        Footer: './src/components/Footer.astro',
        Head: './src/components/Head.astro',
        Hero: './src/components/Hero.astro',
        SiteTitle: './src/components/SiteTitle.astro',
      },
      disable404Route: true,
      sidebar: [
        { label: 'Course map', link: '/' },
        { label: 'Lessons', items: lessons },
      ],
      tableOfContents: { minHeadingLevel: 2, maxHeadingLevel: 3 },
      expressiveCode: {
        defaultProps: { wrap: true, preserveIndent: true, hangingIndent: 2 },
        themes: ['github-dark-default', 'github-light-default'],
        styleOverrides: { borderRadius: '0.4rem', codeFontFamily: 'var(--sl-font-mono)', codeFontSize: '0.82rem' },
      },
    }),
    cspHashes(),
    serviceWorker(), // last: it lists what the others have written
  ],
  vite: {
    plugins: [
      dataManifest({ root: repository }),
      exerciseCatalogue({ root: repository, solutions: process.env['OPTLAB_SOLUTIONS'] !== 'off' }),
    ],
    // Workers are bundled by themselves.
    worker: { format: 'es', plugins: () => [dataManifest({ root: repository })] },
    // Nothing inlined as data: URLs, which the policy would have to allow.
    build: { target: 'es2022', assetsInlineLimit: 0 },
  },
});
