/**
 * What a measurement leaves behind for others to check: {@link dev.lowpass.bench.receipt.Receipt}, its file, and the comparison of two. The
 * file's layout is documented in {@code bench.schema.json} (JSON Schema, draft 2020-12) among this package's resources.
 */
package dev.lowpass.bench.receipt;
