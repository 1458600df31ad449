#!/usr/bin/env python3
"""Runs the network of a Lowpass model file, without its cutoffs, in PyTorch.

    pytorch_peer.py serve MODEL --mode eager|channels-last|cuda-graph|compile --device cpu|cuda:0
                                --precision fp32|tf32|fp16 --threads N --batch N
    pytorch_peer.py plain MODEL INPUT LOGITS

serve answers each line of its standard input by one of its standard output. The first it writes unasked, "ready" and what it
runs on, or "error" and why it cannot. Then

    input FILE    reads a batch [n][y][x][c], normalised, little-endian floats      ok
    run           runs the batch, from host memory to host memory                   ok NANOSECONDS
    logits FILE   writes the logits [n][class] of the last run                      ok

plain runs one image after the other in pure Python, without torch: slow, for tests of the reading and of the walk through the graph.
"""

import argparse
import array
import json
import struct
import sys
import time


class ModelFile:
    """A safetensors file: 8 bytes of length, that many of JSON, then the tensors' bytes."""

    def __init__(self, path):
        with open(path, "rb") as file:
            length = struct.unpack("<Q", file.read(8))[0]
            header = json.loads(file.read(length).decode("utf-8"))
            self.data = file.read()
        metadata = header.pop("__metadata__")
        self.tensors = header
        self.input = json.loads(metadata["lowpass.preprocess"])["input"]
        self.ops = in_order(json.loads(metadata["lowpass.graph"]))

    def floats(self, name):
        """A tensor's shape and its values as a flat array of floats."""
        tensor = self.tensors[name]
        begin, end = tensor["data_offsets"]
        raw = self.data[begin:end]
        if tensor["dtype"] == "F32":
            values = array.array("f")
            values.frombytes(raw)
            if sys.byteorder == "big":
                values.byteswap()
        elif tensor["dtype"] == "F16":
            values = array.array("f", struct.unpack("<%de" % (len(raw) // 2), raw))
        else:
            raise ValueError("tensor %s is of %s; F32 and F16 are read" % (name, tensor["dtype"]))
        return tensor["shape"], values


def in_order(ops):
    """The ops, each after those that it reads."""
    done = {"input"}
    ordered = []
    waiting = list(ops)
    while waiting:
        ready = [op for op in waiting if all(name in done for name in op["inputs"])]
        if not ready:
            raise ValueError("the graph has a cycle or reads what no op gives")
        for op in ready:
            ordered.append(op)
            done.add(op["name"])
        waiting = [op for op in waiting if op["name"] not in done]
    return ordered


def output_name(ops):
    """The name of the op that no other reads."""
    read = {name for op in ops for name in op["inputs"]}
    return next(op["name"] for op in ops if op["name"] not in read)


def window(op):
    """Kernel, stride and padding of a convolution."""
    if op["op"] == "pointwise_conv2d":
        return [1, 1], [1, 1], [0, 0, 0, 0]
    return op["kernel"], op["stride"], op["padding"]


def forward(model, x, layers):
    """The last op's result; layers computes each op, by torch or without."""
    tensors = {"input": x}
    for op in model.ops:
        inputs = [tensors[name] for name in op["inputs"]]
        if op["op"] == "add":
            y = layers.add(inputs[0], inputs[1])
        elif op["op"] == "global_average_pool":
            y = layers.pool(inputs[0])
        elif op["op"] in ("conv2d", "depthwise_conv2d", "pointwise_conv2d"):
            y = layers.convolve(op, inputs[0])
        else:
            raise ValueError("unknown op " + op["op"])
        tensors[op["name"]] = layers.activate(y, op.get("activation", "none"))
    return tensors[output_name(model.ops)]


class PlainLayers:
    """The ops on nested lists [c][y][x]."""

    def __init__(self, model):
        self.parameters = {}
        for op in model.ops:
            if op["name"] + ".weight" in model.tensors:
                shape, weight = model.floats(op["name"] + ".weight")
                self.parameters[op["name"]] = shape[0], weight, model.floats(op["name"] + ".bias")[1]

    def convolve(self, op, x):
        kernel, stride, padding = window(op)
        out_channels, weight, bias = self.parameters[op["name"]]
        depthwise = op["op"] == "depthwise_conv2d"
        group = 1 if depthwise else len(x)
        height, width = len(x[0]), len(x[0][0])
        rows = (height + padding[0] + padding[2] - kernel[0]) // stride[0] + 1
        columns = (width + padding[1] + padding[3] - kernel[1]) // stride[1] + 1
        result = []
        for o in range(out_channels):
            plane = []
            for row in range(rows):
                line = []
                for column in range(columns):
                    total = bias[o]
                    for c in range(group):
                        source = x[o if depthwise else c]
                        for i in range(kernel[0]):
                            for j in range(kernel[1]):
                                y_at = row * stride[0] + i - padding[0]
                                x_at = column * stride[1] + j - padding[1]
                                if 0 <= y_at < height and 0 <= x_at < width:
                                    total += weight[((o * group + c) * kernel[0] + i) * kernel[1] + j] * source[y_at][x_at]
                    line.append(total)
                plane.append(line)
            result.append(plane)
        return result

    def add(self, a, b):
        return [[[p + q for p, q in zip(r, s)] for r, s in zip(c, d)] for c, d in zip(a, b)]

    def pool(self, x):
        return [[[sum(map(sum, plane)) / (len(plane) * len(plane[0]))]] for plane in x]

    def activate(self, x, name):
        if name == "none":
            return x
        most = 6.0 if name == "relu6" else float("inf")
        return [[[min(max(v, 0.0), most) for v in line] for line in plane] for plane in x]


def run_plain(arguments):
    model = ModelFile(arguments.model)
    layers = PlainLayers(model)
    height, width, channels = model.input
    values = read_floats(arguments.input)
    size = height * width * channels
    logits = array.array("f")
    for n in range(len(values) // size):
        image = [[[values[n * size + (y * width + x) * channels + c] for x in range(width)] for y in range(height)] for c in range(channels)]
        result = forward(model, image, layers)
        for y in range(len(result[0])):
            for x in range(len(result[0][0])):
                logits.extend(plane[y][x] for plane in result)
    write_floats(arguments.logits, logits)


def read_floats(path):
    values = array.array("f")
    with open(path, "rb") as file:
        values.frombytes(file.read())
    if sys.byteorder == "big":
        values.byteswap()
    return values


def write_floats(path, values):
    if sys.byteorder == "big":
        values = array.array("f", values)
        values.byteswap()
    with open(path, "wb") as file:
        file.write(values.tobytes())


class TorchLayers:
    """The ops on tensors [n][c][y][x]."""

    def __init__(self, torch, model, device, dtype, channels_last):
        self.torch = torch
        self.parameters = {}
        for op in model.ops:
            if op["name"] + ".weight" in model.tensors:
                shape, weight = model.floats(op["name"] + ".weight")
                while len(shape) < 4:
                    shape = shape + [1]
                weight = torch.frombuffer(weight, dtype=torch.float32).clone().reshape(shape).to(device=device, dtype=dtype)
                if channels_last:
                    weight = weight.contiguous(memory_format=torch.channels_last)
                bias = torch.frombuffer(model.floats(op["name"] + ".bias")[1], dtype=torch.float32).clone().to(device=device, dtype=dtype)
                self.parameters[op["name"]] = weight, bias

    def convolve(self, op, x):
        functional = self.torch.nn.functional
        _, stride, padding = window(op)
        top, left, bottom, right = padding
        weight, bias = self.parameters[op["name"]]
        if top == bottom and left == right:
            sides = (top, left)
        else:
            x = functional.pad(x, (left, right, top, bottom))
            sides = (0, 0)
        groups = op["channels"] if op["op"] == "depthwise_conv2d" else 1
        return functional.conv2d(x, weight, bias, tuple(stride), sides, 1, groups)

    def add(self, a, b):
        return a + b

    def pool(self, x):
        return x.mean(dim=(2, 3), keepdim=True)

    def activate(self, x, name):
        functional = self.torch.nn.functional
        return functional.relu6(x) if name == "relu6" else functional.relu(x) if name == "relu" else x


class Server:
    """One network on one device, in one of the modes."""

    def __init__(self, torch, arguments):
        self.torch = torch
        self.arguments = arguments
        self.device = torch.device(arguments.device)
        self.cuda = self.device.type == "cuda"
        torch.set_num_threads(arguments.threads)
        torch.set_grad_enabled(False)
        if arguments.mode == "cuda-graph" and not self.cuda:
            raise ValueError("CUDA graphs are a matter of GPUs")
        if arguments.precision != "fp32" and not self.cuda:
            raise ValueError("on the CPU single precision only is compared")
        if self.cuda:
            if not torch.cuda.is_available():
                raise ValueError("this torch (%s) finds no GPU" % torch.__version__)
            torch.cuda.set_device(self.device)
            torch.backends.cuda.matmul.allow_tf32 = arguments.precision == "tf32"
            torch.backends.cudnn.allow_tf32 = arguments.precision == "tf32"
            torch.backends.cudnn.benchmark = True
        self.dtype = torch.float16 if arguments.precision == "fp16" else torch.float32
        self.format = torch.contiguous_format if arguments.mode == "eager" else torch.channels_last
        self.model = ModelFile(arguments.model)
        layers = TorchLayers(torch, self.model, self.device, self.dtype, arguments.mode != "eager")
        self.network = lambda x: forward(self.model, x, layers).permute(0, 2, 3, 1).flatten(1).float()
        if arguments.mode == "compile":
            self.network = torch.compile(self.network, mode="max-autotune")
        self.host = None
        self.logits = None
        self.graph = None

    def describe(self):
        name = self.torch.cuda.get_device_name(self.device) if self.cuda else "CPU, %d threads" % self.torch.get_num_threads()
        return "PyTorch %s on %s" % (self.torch.__version__, name)

    def set_input(self, path):
        torch = self.torch
        height, width, channels = self.model.input
        values = torch.frombuffer(read_floats(path), dtype=torch.float32).clone().reshape(self.arguments.batch, height, width, channels)
        host = values.permute(0, 3, 1, 2).contiguous(memory_format=self.format)
        self.host = host.pin_memory() if self.cuda else host
        if self.cuda:
            self.staged = torch.empty_like(self.host, device=self.device)
            self.staged.copy_(self.host)
            self.logits = self.network(self.staged.to(self.dtype)).cpu().pin_memory()
            if self.arguments.mode == "cuda-graph":
                self.capture()

    def capture(self):
        """Records a pass from the staged input to self.result, after the warm-up on a side stream that CUDA graphs want."""
        torch = self.torch
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self.network(self.staged.to(self.dtype))
        torch.cuda.current_stream().wait_stream(side)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.result = self.network(self.staged.to(self.dtype))

    def run(self):
        """Nanoseconds of a call."""
        begin = time.perf_counter_ns()
        if not self.cuda:
            self.logits = self.network(self.host)
        else:
            self.staged.copy_(self.host, non_blocking=True)
            if self.graph is not None:
                self.graph.replay()
                result = self.result
            else:
                result = self.network(self.staged.to(self.dtype))
            self.logits.copy_(result, non_blocking=True)
            self.torch.cuda.synchronize(self.device)
        return time.perf_counter_ns() - begin

    def write_logits(self, path):
        values = self.logits.contiguous().flatten().tolist()
        write_floats(path, array.array("f", values))


def serve(arguments):
    out = sys.stdout
    sys.stdout = sys.stderr  # what libraries print must not be taken for an answer

    def answer(text):
        out.write(text.replace("\n", " ") + "\n")
        out.flush()

    try:
        import torch
    except ImportError as e:
        answer("error %s has no torch (%s); install it, or name another Python by LOWPASS_PYTHON" % (sys.executable, e))
        return
    try:
        server = Server(torch, arguments)
    except Exception as e:  # whatever it is, the other side wants one line of it
        answer("error PyTorch cannot run it: %s" % e)
        return
    answer("ready " + server.describe())
    for line in sys.stdin:
        command, _, path = line.rstrip("\n").partition(" ")
        try:
            if command == "input":
                server.set_input(path)
                answer("ok")
            elif command == "run":
                answer("ok %d" % server.run())
            elif command == "logits":
                server.write_logits(path)
                answer("ok")
            else:
                answer("error unknown command " + command)
        except Exception as e:
            answer("error %s" % e)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    server = commands.add_parser("serve")
    server.add_argument("model")
    server.add_argument("--mode", choices=["eager", "channels-last", "cuda-graph", "compile"], required=True)
    server.add_argument("--device", required=True)
    server.add_argument("--precision", choices=["fp32", "tf32", "fp16"], required=True)
    server.add_argument("--threads", type=int, required=True)
    server.add_argument("--batch", type=int, required=True)
    plain = commands.add_parser("plain")
    plain.add_argument("model")
    plain.add_argument("input")
    plain.add_argument("logits")
    arguments = parser.parse_args()
    if arguments.command == "serve":
        serve(arguments)
    else:
        run_plain(arguments)


if __name__ == "__main__":
    main()
