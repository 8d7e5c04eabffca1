// A short training whose outcome is known: the MLP, three epochs over the compact training set, batch 128, rate 0.001, seed 1, exact.
// `optlab train mlp --epochs 3 --data data/fashion-mnist` comes to the same weights.

/** Of the weights at the end. */
export const kTrainedDigest = '845ac340ed6dcd58';
/** Test images of 2,000 that are right after each epoch. */
export const kTrainedRight = [1661, 1691, 1696];
