declare module 'virtual:optlab-manifest' {
  export const files: Record<'testImages' | 'testLabels' | 'mlp', import('./lab/data.ts').DataFile>;
}
