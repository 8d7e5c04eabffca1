declare module 'virtual:optlab-manifest' {
  export const files: Record<
    'trainImages' | 'trainLabels' | 'testImages' | 'testLabels' | 'mlp' | 'cnn' | 'lmTiny' | 'tokenizer',
    import('./lab/data.ts').DataFile
  >;
}
