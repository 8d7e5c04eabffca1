#!/bin/sh
# Runs the program as a user does: exit codes, one line of error, and the figures of eval. Usage: cli_test.sh PROGRAM, in the repository root.
program=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failures=0
checks=0

fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

# expect CODE TEXT ARGUMENT…: the exit code; for failures TEXT is in the only line on stderr and stdout is empty, else TEXT is on stdout.
expect() {
  code=$1 text=$2
  shift 2
  checks=$((checks + 1))
  "$program" "$@" >"$work/out" 2>"$work/err"
  got=$?
  [ "$got" -eq "$code" ] || fail "'$*' ended with $got, not $code: $(cat "$work/err")"
  if [ "$code" -eq 0 ]; then
    grep -qF -- "$text" "$work/out" || fail "'$*' did not print '$text'"
  else
    [ "$(wc -l <"$work/err")" -eq 1 ] || fail "'$*' wrote not one line: $(cat "$work/err")"
    grep -qF -- "$text" "$work/err" || fail "'$*' said '$(cat "$work/err")', not '$text'"
    [ -s "$work/out" ] && fail "'$*' failed but wrote to stdout"
  fi
}

expect 0 'Examples:' --help
expect 0 'optlab eval mlp --rung naive' eval mlp --help
expect 0 'optlab ' --version
expect 0 '"isa":' info --json
expect 0 'naive' info

expect 2 'needs one of these after it: info, bench, train, eval, tokenizer, generate'
expect 2 "'bench' needs one of these after it: gemm" bench
expect 2 'not expected: nonsense' nonsense
expect 2 'not expected: --bogus' bench gemm --bogus
expect 2 "'0' is not a whole number from 1 to 8192" bench gemm --size 0
expect 2 "'-5' is not a whole number" bench gemm --size -5
expect 2 "'99999999999999999999' is not a whole number" bench gemm --k 99999999999999999999
expect 2 "'nan' is not a number from" bench gemm --seconds nan
expect 2 'there are naive' bench gemm --rungs simd,warp
expect 2 'not expected: naive' bench gemm --rungs simd naive
expect 2 "'0' is not a whole number from 1 to 256" eval mlp --threads 0
expect 2 'there are naive' eval mlp --rung warp
expect 2 "'inf' is not a number" train mlp --lr inf
expect 2 "'0' is not a whole number" train mlp --epochs 0
expect 2 '--model: 1 required FILE missing' eval mlp --model

expect 1 'no such file' eval mlp --model "$work/none"
expect 1 'safetensors: the header length is' eval mlp --model data/README.md
expect 1 'is a folder' eval mlp --model data
head -c 5000 models/fashion-mlp.safetensors >"$work/cut.safetensors"
expect 1 'beyond the' eval mlp --model "$work/cut.safetensors"
expect 1 'has no t10k-images-idx3-ubyte.gz' eval mlp --data "$work"
expect 1 "can't be written" train mlp --out "$work/none/x.safetensors"
expect 1 'no name for the file to write' train mlp --out ''
expect 1 'no name for the file to read' eval mlp --model ''
# Not /dev/null itself: were the check gone, a test that runs as root would replace it.
mkfifo "$work/pipe"
expect 1 'is no regular file' train mlp --out "$work/pipe"

mkdir "$work/data"
cp data/fashion-mnist/t10k-*.gz "$work/data"
head -c 100000 data/fashion-mnist/t10k-images-idx3-ubyte.gz >"$work/data/t10k-images-idx3-ubyte.gz"
expect 1 'is cut off' eval mlp --data "$work/data"
tr 'a' 'b' <data/fashion-mnist/t10k-images-idx3-ubyte.gz >"$work/data/t10k-images-idx3-ubyte.gz"
expect 1 'is corrupt' eval mlp --data "$work/data"
cp data/fashion-mnist/t10k-labels-idx1-ubyte.gz "$work/data/t10k-images-idx3-ubyte.gz"
expect 1 'magic number is 2049; want 2051' eval mlp --data "$work/data"

# The same digest by every exact rung, and the accuracy that models/README.md states.
for rung in naive simd_threads; do
  expect 0 '"accuracy": 0.9085' eval mlp --data data/fashion-mnist --rung "$rung" --json
  expect 0 '"digest": "e239ca8fd5e5b8bd"' eval mlp --data data/fashion-mnist --rung "$rung" --json
done
expect 0 '"accuracy": 0.918' eval cnn --data data/fashion-mnist --json
expect 0 '"digest": "6e70e3e15812c02e"' eval cnn --data data/fashion-mnist --rung simd_threads --json
expect 1 'try optlab eval cnn' eval mlp --data data/fashion-mnist --model models/fashion-cnn.safetensors
expect 0 '"fraction_of_peak":' bench gemm --size 32 --rungs simd --seconds 0.1 --json
expect 0 'digest' train mlp --data data/fashion-mnist --epochs 1 --batch 500 --out "$work/quick.safetensors"
expect 0 'accuracy' eval mlp --data data/fashion-mnist --model "$work/quick.safetensors"
expect 0 'digest' train cnn --data data/fashion-mnist --epochs 1 --batch 500 --fast --out "$work/quick.safetensors"
expect 0 'accuracy' eval cnn --data data/fashion-mnist --model "$work/quick.safetensors"

expect 0 'optlab eval lm --model' eval lm --help
expect 2 "'tokenizer' needs one of these after it: train" tokenizer
expect 2 "'255' is not a whole number from 256 to 65536" tokenizer train --vocab 255
expect 2 "'0.99' is not a number from 0 to 0.95" train lm --dropout 0.99
expect 2 'kv_heads to divide heads' train lm --kv-heads 4 --out "$work/x.safetensors"
expect 1 'no such file' train lm --tokenizer "$work/none"
expect 1 "doesn't begin with" eval lm --tokenizer data/README.md
expect 1 '"lm" is wanted' eval lm --model models/fashion-mlp.safetensors
expect 1 'validation.txt.gz: no such file' eval lm --model models/moby-lm-tiny.safetensors --data "$work"
cp data/README.md "$work/model.bin"
expect 1 'llama2.c checkpoint: ' generate --model "$work/model.bin"
expect 2 '--prompt is empty' generate --model models/moby-lm-tiny.safetensors --prompt ''
expect 0 '2.734 bytes a token' tokenizer train --vocab 1024 --out "$work/mine.bpe"
expect 1 'was trained with tokenizer' eval lm --model models/moby-lm-tiny.safetensors --tokenizer "$work/mine.bpe"
# Training in exact mode gives the same weights for any number of threads; a pass over the validation text is part of it.
small="--exact --dim 16 --layers 1 --heads 2 --kv-heads 1 --hidden 16 --steps 3 --batch 2 --context 32 --data data/moby-dick"
for threads in 1 3; do
  # shellcheck disable=SC2086
  expect 0 'digest      b570c9959d782a9a' train lm $small --threads "$threads" --out "$work/small.safetensors"
done
expect 0 '"bits_per_byte":' eval lm --model "$work/small.safetensors" --json --stride 32
expect 0 '"storage": "int8"' eval lm --model "$work/small.safetensors" --json --stride 32 --window 8 --cache int8
expect 0 'The whale' generate --prompt 'The whale' --count 3 --model "$work/small.safetensors"

# The cache changes nothing: not a token, not a bit of the logits, also beyond the model's positions.
tiny="generate --checkpoint models/moby-lm-tiny.safetensors --prompt-ids 67,358,300 --threads 2"
same() {
  checks=$((checks + 1))
  cmp -s "$work/one" "$work/two" || fail "$1: $(cat "$work/one") is not $(cat "$work/two")"
}
for choice in --greedy '--top-k 40 --top-p 0.9 --repetition-penalty 1.2'; do
  # shellcheck disable=SC2086
  "$program" $tiny $choice --count 280 --json | grep -E 'digest|^    [0-9]+,?$' >"$work/one"
  # shellcheck disable=SC2086
  "$program" $tiny $choice --count 280 --json --no-cache | grep -E 'digest|^    [0-9]+,?$' >"$work/two"
  same 'generate without a cache'
  [ "$(wc -l <"$work/one")" -eq 284 ] || fail "generate --json has not 284 lines: $(wc -l <"$work/one")"
done
# shellcheck disable=SC2086
"$program" $tiny --greedy --count 9 --tokens-only >"$work/one"
[ "$(wc -w <"$work/one") $(wc -l <"$work/one")" = '9 1' ] || fail "--tokens-only printed $(cat "$work/one")"
# shellcheck disable=SC2086
"$program" $tiny --greedy --count 9 --tokens-only --weights fp16 >"$work/two"
same 'half-precision weights of a half-precision checkpoint'
# shellcheck disable=SC2086
expect 0 '"format": "int8"' $tiny --count 20 --window 8 --sinks 2 --cache int8 --weights int8 --json
# A stream goes on beyond the model's positions without a shift, in the same bytes; whole while nothing is evicted.
# shellcheck disable=SC2086
for count in 30 600; do
  expect 0 '"context_shifts": 0' $tiny --greedy --count "$count" --window 60 --sinks 4 --stream --json
  "$program" $tiny --greedy --count "$count" --window 60 --sinks 4 --stream --json | grep '"bytes":' >"$work/one"
  "$program" $tiny --greedy --count 60 --window 60 --sinks 4 --stream --json | grep '"bytes":' >"$work/two"
  same 'the bytes of a stream'
done
# shellcheck disable=SC2086
"$program" $tiny --greedy --count 60 --json | grep digest >"$work/one"
# shellcheck disable=SC2086
"$program" $tiny --greedy --count 60 --json --window 60 --sinks 4 --stream | grep digest >"$work/two"
same 'a stream that evicts nothing'
expect 0 '"stream": true' eval lm --model "$work/small.safetensors" --json --window 8 --sinks 2 --stream
expect 2 "--stride doesn't go with it" eval lm --model "$work/small.safetensors" --stride 8 --stream
expect 2 'there are f32, fp16, int8, int4, int8-dot' generate --weights f64
expect 2 'there are f32, fp16, int8' generate --cache f64
expect 2 'only beside a window' generate --sinks 4
expect 2 "don't go with it" generate --no-cache --window 4
expect 2 'id 2048; want 0 to 2047' generate --prompt-ids 1,2048
expect 2 '--prompt-ids' generate --prompt-ids 1,x
expect 2 'excludes' generate --prompt-ids 1 --prompt x
expect 2 'not a number from' generate --top-p 0
# A llama2.c checkpoint without its tokenizer: dim 4, hidden 4, a layer, a head, 7 tokens, 8 positions; all weights zero.
{ printf '\004\0\0\0\004\0\0\0\001\0\0\0\001\0\0\0\001\0\0\0\007\0\0\0\010\0\0\0'; head -c 736 /dev/zero; } >"$work/zero.bin"
expect 0 '0 0 0' generate --checkpoint "$work/zero.bin" --prompt-ids 3,2 --greedy --count 3 --tokens-only
expect 0 '0 0' generate --checkpoint "$work/zero.bin" --greedy --count 2
expect 2 '--prompt needs --tokenizer' generate --checkpoint "$work/zero.bin" --prompt x

echo "$checks checks, $failures failed"
[ "$failures" -eq 0 ]
