/** Where the time of a model goes, step by step, dense and truncated, and how close it comes to what the machine could do. */
package dev.lowpass.bench.profile;
