import { matmulGrader } from '../../matmul.ts';

export default matmulGrader();
