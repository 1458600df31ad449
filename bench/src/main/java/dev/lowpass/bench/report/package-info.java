/**
 * {@code lowpass report}: what was measured, as one page of HTML that needs nothing else. Figures are SVG in the page, drawn here: a
 * figure follows the reader's light or dark colours by CSS, has a title and a description for those who do not see it, and its numbers in
 * a table behind it.
 */
package dev.lowpass.bench.report;
