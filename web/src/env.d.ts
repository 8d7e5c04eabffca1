declare module 'virtual:optlab-manifest' {
  export const files: Record<'testImages' | 'testLabels' | 'mlp' | 'cnn', import('./lab/data.ts').DataFile>;
}
