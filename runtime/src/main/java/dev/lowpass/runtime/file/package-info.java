/**
 * The model file: one {@code .safetensors} file that holds a whole network, so that any language with a safetensors library can
 * read and write it.
 *
 * <h2>Metadata</h2>
 *
 * {@code __metadata__} maps strings to strings. Keys that begin with {@code lowpass.} and are not listed here are refused; other
 * keys are ignored.
 *
 * <table>
 * <caption>Metadata</caption>
 * <tr><th>key</th><th>needed</th><th>value</th></tr>
 * <tr><td>{@code lowpass.format}</td><td>yes</td><td>{@code 1}; {@code 2} for a file with {@code lowpass.cutoffs}, which is all that 2
 *     adds</td></tr>
 * <tr><td>{@code lowpass.graph}</td><td>yes</td><td>the ops, as JSON text: see below</td></tr>
 * <tr><td>{@code lowpass.preprocess}</td><td>yes</td><td>the input and how a photo becomes it, as JSON text: see below</td></tr>
 * <tr><td>{@code lowpass.labels}</td><td>no</td><td>a JSON list of strings, one a class in the order of the logits; an empty list is
 *     the same as none</td></tr>
 * <tr><td>{@code lowpass.provenance}</td><td>no</td><td>a JSON object of strings, any keys: source, licence, measured accuracy, kept
 *     MACs, ...</td></tr>
 * <tr><td>{@code lowpass.cutoffs}</td><td>no</td><td>the cutoff sets that a session can choose from, as JSON text: see below</td></tr>
 * </table>
 *
 * JSON is strict throughout: keys are unique, a field that is not listed for its object is refused, and a field is required unless
 * it is called optional. "Positive" means a whole number from 1 to 2147483647, written without fraction or exponent.
 *
 * <h2>Graph</h2>
 *
 * A list of objects in any order. Each op has
 * <ul>
 * <li>{@code "op"}: its kind, one of those below;
 * <li>{@code "name"}: a string, unique, not blank and not {@code "input"}; also the name of the tensor that the op produces;
 * <li>{@code "inputs"}: a list of the names of what it reads: ops, or {@code "input"}, the network's input. One name; two for
 *     {@code add};
 * <li>{@code "activation"}, applied to each element last: {@code "none"}, {@code "relu"} ({@code max(x, 0)}) or {@code "relu6"}
 *     ({@code min(max(x, 0), 6)}). Every kind has it but {@code global_average_pool}.
 * </ul>
 *
 * and by its kind
 *
 * <table>
 * <caption>Kinds of ops</caption>
 * <tr><th>op</th><th>further fields</th><th>weight's shape</th></tr>
 * <tr><td>{@code conv2d}</td><td>{@code in_channels}, {@code out_channels} (positive), {@code kernel}, {@code stride},
 *     {@code padding}</td><td>{@code [out_channels, in_channels, kernel height, kernel width]}</td></tr>
 * <tr><td>{@code depthwise_conv2d}</td><td>{@code channels} (positive), {@code kernel}, {@code stride}, {@code padding}</td>
 *     <td>{@code [channels, 1, kernel height, kernel width]}</td></tr>
 * <tr><td>{@code pointwise_conv2d}</td><td>{@code in_channels}, {@code out_channels} (positive); optional {@code block}, 2 to 16</td>
 *     <td>{@code [out_channels, in_channels]} or {@code [out_channels, in_channels, 1, 1]}</td></tr>
 * <tr><td>{@code add}</td><td>none; both inputs have the same shape</td><td>no weight</td></tr>
 * <tr><td>{@code global_average_pool}</td><td>none; each channel's mean, a plane of 1x1</td><td>no weight</td></tr>
 * </table>
 *
 * {@code "kernel"} is {@code [height, width]}, {@code "stride"} {@code [y, x]}, all positive. {@code "padding"} is
 * {@code [top, left, bottom, right]}, rows and columns of zeros, each from 0 to less than the kernel's side. Convolution is as in
 * PyTorch and TensorFlow (the kernel is not flipped): {@code out[o][y][x] = bias[o] + sum of weight[o][c][i][j] *
 * in[c][y * strideY + i - top][x * strideX + j - left]}, with {@code (height + top + bottom - kernel) / stride + 1} rows, rounded
 * down. A fully connected classifier is a {@code pointwise_conv2d} on a 1x1 plane. Batch norm is folded into weights and biases.
 *
 * <p>The ops form a graph without cycles. Exactly one op is read by no other: its elements are the logits of the classes.
 *
 * <p>{@code "block"} makes a pointwise layer a truncated one: its input is transformed in blocks of that side by the orthonormal
 * DCT-II, and of each input channel only the coefficients whose zigzag index (JPEG's order: (0,0) (0,1) (1,0) (2,0) (1,1) (0,2) ...,
 * as (row, column)) is below the channel's cutoff are kept. The block must divide the height and the width of the op's plane.
 *
 * <h2>Preprocess</h2>
 *
 * An object:
 * <ul>
 * <li>{@code "input"}: {@code [height, width, channels]} of the network's input, positive;
 * <li>{@code "resize"}: {@code "shortest_side"} (the photo's shortest side becomes {@code resize_to} pixels, proportions kept) or
 *     {@code "stretch"} (to the input's height and width);
 * <li>{@code "resize_to"}: with {@code "shortest_side"} only, pixels, at least the input's height and width;
 * <li>{@code "interpolation"}: {@code "bilinear"} or {@code "bicubic"}, antialiased;
 * <li>{@code "crop"}: {@code "center"} with {@code "shortest_side"} (the input's size is cut from the middle), {@code "none"} with
 *     {@code "stretch"};
 * <li>{@code "mean"}, {@code "std"}: a list of numbers, one a channel, finite, std not 0: the input is
 *     {@code (value - mean[c]) / std[c]} with value from 0 to 255;
 * <li>{@code "channel_order"}: {@code "rgb"} or {@code "bgr"}.
 * </ul>
 *
 * <h2>Tensors</h2>
 *
 * <table>
 * <caption>Tensors</caption>
 * <tr><th>name</th><th>dtype</th><th>shape</th><th>content</th></tr>
 * <tr><td>{@code OP.weight}</td><td>F32 or F16</td><td>by the op's kind</td><td>finite</td></tr>
 * <tr><td>{@code OP.bias}</td><td>F32 or F16</td><td>{@code [out_channels]} or {@code [channels]}</td><td>finite; zeros where a layer
 *     has none</td></tr>
 * <tr><td>{@code OP.cutoff}</td><td>I32</td><td>{@code [in_channels]}</td><td>of a pointwise op with a block, and of no other; each from 0
 *     (the channel is dropped) to block * block (all is kept), in the order of the op's input channels</td></tr>
 * <tr><td>{@code golden.input}</td><td>U8</td><td>{@code [n, height, width, channels]}</td><td>n images of the input's size, n at least 1,
 *     in the network's channel order, before mean and std</td></tr>
 * <tr><td>{@code golden.logits}</td><td>F32</td><td>{@code [n, classes]}</td><td>the network's output for these images, computed in
 *     double precision; finite</td></tr>
 * </table>
 *
 * The two golden tensors come together or not at all. Every other tensor is refused. All are row-major.
 *
 * <h2>Cutoff sets</h2>
 *
 * One file may hold several choices between speed and accuracy of the same network. {@code lowpass.cutoffs} is a list of objects, the
 * default set first:
 * <ul>
 * <li>{@code "name"}: letters, digits, {@code -} and {@code _}, then perhaps a point and digits; unique;
 * <li>{@code "kept_pointwise_macs"}: the share of the pointwise layers' multiply-accumulates that its cutoffs keep, 0 to 1, without layers on
 *     planes of 1x1; it must agree with the tensors to 0.0001;
 * <li>{@code "measured"}: the share of right answers, 0 to 1, and {@code "measure"}: what counted as right, and on which photos.
 * </ul>
 *
 * The default's tensors are those above. A further set shares the graph, its blocks included, and has tensors of its own, whose names
 * end in {@code @} and its name:
 *
 * <table>
 * <caption>Tensors of a set called 0.5</caption>
 * <tr><th>name</th><th>dtype</th><th>shape</th><th>content</th></tr>
 * <tr><td>{@code OP.cutoff@0.5}</td><td>I32</td><td>as {@code OP.cutoff}</td><td>of each op with a block</td></tr>
 * <tr><td>{@code OP.scale@0.5}</td><td>F32 or F16</td><td>{@code [out_channels]} or {@code [channels]}</td><td>optional factors on
 *     {@code OP.weight}</td></tr>
 * <tr><td>{@code OP.weight@0.5}</td><td>F32 or F16</td><td>as {@code OP.weight}</td><td>optional, in place of {@code OP.weight}; not together
 *     with a scale</td></tr>
 * <tr><td>{@code OP.bias@0.5}</td><td>F32 or F16</td><td>as {@code OP.bias}</td><td>optional, in place of {@code OP.bias}</td></tr>
 * <tr><td>{@code golden.logits@0.5}</td><td>F32</td><td>{@code [n, classes]}</td><td>the set's logits for {@code golden.input}; needed when
 *     that is there</td></tr>
 * </table>
 *
 * <h2>Example</h2>
 *
 * In Python, a network that averages a 28x28 image of 3 channels and tells 2 classes from the means:
 *
 * <pre>{@code
 * import json, numpy
 * from safetensors.numpy import save_file
 * graph = [{"op": "global_average_pool", "name": "pool", "inputs": ["input"]},
 *          {"op": "pointwise_conv2d", "name": "classifier", "inputs": ["pool"],
 *           "in_channels": 3, "out_channels": 2, "activation": "none"}]
 * preprocess = {"input": [28, 28, 3], "resize": "stretch", "interpolation": "bilinear", "crop": "none",
 *               "mean": [127.5, 127.5, 127.5], "std": [127.5, 127.5, 127.5], "channel_order": "rgb"}
 * save_file({"classifier.weight": numpy.ones((2, 3), numpy.float32),
 *            "classifier.bias": numpy.zeros(2, numpy.float32)},
 *           "means.safetensors",
 *           {"lowpass.format": "1", "lowpass.graph": json.dumps(graph),
 *            "lowpass.preprocess": json.dumps(preprocess), "lowpass.labels": '["dark", "bright"]'})
 * }</pre>
 *
 * <h2>Reading and writing</h2>
 *
 * {@link dev.lowpass.runtime.file.ModelFile} reads and writes models; {@link dev.lowpass.runtime.file.SafetensorsFile} and
 * {@link dev.lowpass.runtime.file.SafetensorsWriter} do so for any safetensors file. A file is refused whole, by a
 * {@link dev.lowpass.runtime.file.ModelFormatException} of one line, when it breaks any of these rules or of safetensors' own.
 */
package dev.lowpass.runtime.file;
