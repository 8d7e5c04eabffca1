#include <string>

#include "core/error.h"
#include "core/ladder.h"
#include "profile/loop_nest.h"

/// The nests, as data. tools/cache-check.ts runs the same loops natively (cache_loops.cpp).
namespace optlab::profile {
namespace {

constexpr const char* kProduct[] = {"A", "B", "C"};
constexpr std::int16_t kA = 0, kB = 1, kC = 2;

constexpr const char* kIjkCode[] = {"for (int i = 0; i < n; ++i)",
                                    "  for (int j = 0; j < n; ++j) {",
                                    "    float sum = 0;",
                                    "    for (int k = 0; k < n; ++k)",
                                    "      sum += A[i][k] * B[k][j];",
                                    "    C[i][j] = sum;",
                                    "  }"};
constexpr NestLoop kIjk[] = {{"i", 0}, {"j", 1}, {"k", 3}};
constexpr NestAccess kIjkAccesses[] = {{kA, 0, 2, false, 4, 2}, {kB, 2, 1, false, 4, 2}, {kC, 0, 1, true, 5, 1, true}};

constexpr const char* kJikCode[] = {"for (int j = 0; j < n; ++j)",
                                    "  for (int i = 0; i < n; ++i) {",
                                    "    float sum = 0;",
                                    "    for (int k = 0; k < n; ++k)",
                                    "      sum += A[i][k] * B[k][j];",
                                    "    C[i][j] = sum;",
                                    "  }"};
constexpr NestLoop kJik[] = {{"j", 0}, {"i", 1}, {"k", 3}};
constexpr NestAccess kJikAccesses[] = {{kA, 1, 2, false, 4, 2}, {kB, 2, 0, false, 4, 2}, {kC, 1, 0, true, 5, 1, true}};

constexpr const char* kIkjCode[] = {"for (int i = 0; i < n; ++i)",   "  for (int k = 0; k < n; ++k) {",
                                    "    const float a = A[i][k];",  "    for (int j = 0; j < n; ++j)",
                                    "      C[i][j] += a * B[k][j];", "  }"};
constexpr NestLoop kIkj[] = {{"i", 0}, {"k", 1}, {"j", 3}};
constexpr NestAccess kIkjAccesses[] = {
    {kA, 0, 1, false, 2, 1}, {kB, 1, 2, false, 4, 2}, {kC, 0, 2, false, 4, 2}, {kC, 0, 2, true, 4, 2}};

constexpr const char* kJkiCode[] = {"for (int j = 0; j < n; ++j)",   "  for (int k = 0; k < n; ++k) {",
                                    "    const float b = B[k][j];",  "    for (int i = 0; i < n; ++i)",
                                    "      C[i][j] += A[i][k] * b;", "  }"};
constexpr NestLoop kJki[] = {{"j", 0}, {"k", 1}, {"i", 3}};
constexpr NestAccess kJkiAccesses[] = {
    {kB, 1, 0, false, 2, 1}, {kA, 2, 1, false, 4, 2}, {kC, 2, 0, false, 4, 2}, {kC, 2, 0, true, 4, 2}};

constexpr const char* kBlockedCode[] = {"for (int ii = 0; ii < n; ii += block)",
                                        "  for (int kk = 0; kk < n; kk += block)",
                                        "    for (int jj = 0; jj < n; jj += block)",
                                        "      for (int i = ii; i < min(ii + block, n); ++i)",
                                        "        for (int k = kk; k < min(kk + block, n); ++k) {",
                                        "          const float a = A[i][k];",
                                        "          for (int j = jj; j < min(jj + block, n); ++j)",
                                        "            C[i][j] += a * B[k][j];",
                                        "        }"};
constexpr NestLoop kBlocked[] = {{"ii", 0, -1, true}, {"kk", 1, -1, true}, {"jj", 2, -1, true},
                                 {"i", 3, 0},         {"k", 4, 1},         {"j", 6, 2}};
constexpr NestAccess kBlockedAccesses[] = {
    {kA, 3, 4, false, 5, 4}, {kB, 4, 5, false, 7, 5}, {kC, 3, 5, false, 7, 5}, {kC, 3, 5, true, 7, 5}};

constexpr const char* kTwoMatrices[] = {"A", "B"};
constexpr const char* kTransposeCode[] = {"for (int i = 0; i < n; ++i)", "  for (int j = 0; j < n; ++j)",
                                          "    B[j][i] = A[i][j];"};
constexpr NestLoop kTranspose[] = {{"i", 0}, {"j", 1}};
constexpr NestAccess kTransposeAccesses[] = {{kA, 0, 1, false, 2, 1}, {kB, 1, 0, true, 2, 1}};

constexpr const char* kTransposeBlockedCode[] = {
    "for (int ii = 0; ii < n; ii += block)", "  for (int jj = 0; jj < n; jj += block)",
    "    for (int i = ii; i < min(ii + block, n); ++i)", "      for (int j = jj; j < min(jj + block, n); ++j)",
    "        B[j][i] = A[i][j];"};
constexpr NestLoop kTransposeBlocked[] = {{"ii", 0, -1, true}, {"jj", 1, -1, true}, {"i", 2, 0}, {"j", 3, 1}};
constexpr NestAccess kTransposeBlockedAccesses[] = {{kA, 2, 3, false, 4, 3}, {kB, 3, 2, true, 4, 3}};

constexpr const char* kSum[] = {"A", "s"};
constexpr const char* kColumnSumCode[] = {
    "for (int j = 0; j < n; ++j) {", "  float sum = 0;", "  for (int i = 0; i < n; ++i)",
    "    sum += A[i][j];",           "  s[j] = sum;",    "}"};
constexpr NestLoop kColumnSum[] = {{"j", 0}, {"i", 2}};
constexpr NestAccess kColumnSumAccesses[] = {{0, 1, 0, false, 3, 1}, {1, -1, 0, true, 4, 0, true}};

constexpr const char* kColumnSumByRowsCode[] = {"for (int i = 0; i < n; ++i)", "  for (int j = 0; j < n; ++j)",
                                                "    s[j] += A[i][j];"};
constexpr NestLoop kColumnSumByRows[] = {{"i", 0}, {"j", 1}};
constexpr NestAccess kColumnSumByRowsAccesses[] = {
    {0, 0, 1, false, 2, 1}, {1, -1, 1, false, 2, 1}, {1, -1, 1, true, 2, 1}};

constexpr NestSpec kNests[] = {
    {"matmul_ijk", "a dot product for each element of C: B is read down its columns", kIjkCode, kProduct, kIjk,
     kIjkAccesses},
    {"matmul_jik", "the same dot products, column by column of C", kJikCode, kProduct, kJik, kJikAccesses},
    {"matmul_ikj", "a row of C takes a multiple of a row of B: all steps are to the neighbour", kIkjCode, kProduct,
     kIkj, kIkjAccesses},
    {"matmul_jki", "a column of C takes a multiple of a column of A: every step jumps a row", kJkiCode, kProduct, kJki,
     kJkiAccesses},
    {"matmul_blocked", "blocks small enough to stay in the cache while they are used", kBlockedCode, kProduct, kBlocked,
     kBlockedAccesses},
    {"transpose", "rows in, columns out: one of them jumps", kTransposeCode, kTwoMatrices, kTranspose,
     kTransposeAccesses},
    {"transpose_blocked", "block by block, each line is used up before it has to go", kTransposeBlockedCode,
     kTwoMatrices, kTransposeBlocked, kTransposeBlockedAccesses},
    {"column_sum", "down each column: one element of every line, then the next line", kColumnSumCode, kSum, kColumnSum,
     kColumnSumAccesses},
    {"column_sum_by_rows", "the same sums, along the rows", kColumnSumByRowsCode, kSum, kColumnSumByRows,
     kColumnSumByRowsAccesses}};

}  // namespace

std::span<const NestSpec> nests() { return kNests; }

const NestSpec& nest(std::string_view name) {
  std::string names;
  for (const NestSpec& spec : kNests) {
    if (spec.name == name) return spec;
    optlab::detail::append_name(names, spec.name);
  }
  throw_invalid({"no loop nest \"", name, "\"; there are ", names});
}

}  // namespace optlab::profile
