/** The course in order. A lesson is open when its text exists in lessons/<id>/; the pages look that up and never promise a link. */
export interface Lesson {
  id: string;
  title: string;
  question: string;
  builds: string;
}

export const kCourse: readonly Lesson[] = [
  {
    id: '01-profiling',
    title: 'Profiling',
    question: 'Where does the time go?',
    builds: 'Timer statistics, FLOP and byte counts, a memory tracker',
  },
  {
    id: '02-acceleration',
    title: 'Acceleration',
    question: 'How close to the hardware can a matrix multiplication get?',
    builds: 'Blocked, packed, SIMD and threaded matmul, and the dispatcher above them',
  },
  {
    id: '03-memory',
    title: 'Memory',
    question: 'What should a language model remember between two tokens?',
    builds: 'A key-value cache, sliding windows, incremental attention',
  },
  {
    id: '04-quantization',
    title: 'Quantization',
    question: 'How few bits does a weight need?',
    builds: 'Quantizers, calibration, int8 matmul and convolution',
  },
  {
    id: '05-compression',
    title: 'Compression',
    question: 'How many weights does a model need?',
    builds: 'Magnitude and structured pruning, sparse kernels, distillation',
  },
  {
    id: '06-autotuning',
    title: 'Autotuning',
    question: 'Which of a thousand recipes suits this device?',
    builds: 'A search over recipes, a kernel tile tuner, stopping rules',
  },
  {
    id: '07-benchmarking',
    title: 'Benchmarking',
    question: 'How does a benchmark lie?',
    builds: 'Repetition rules, confidence intervals, paired comparison',
  },
  {
    id: '08-competition',
    title: 'Competition',
    question: 'What is the best system you can build?',
    builds: 'A complete entry for Speed, Size, Efficiency or Innovation',
  },
];
