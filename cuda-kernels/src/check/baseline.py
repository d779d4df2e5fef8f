"""What PyTorch takes for the work that Tapscope's kernels do, and its loss curve.

The formulas are the papers' (JumpReLU SAEs, arXiv 2407.14435; Gemma Scope, arXiv 2408.05147;
Adam, arXiv 1412.6980), written here plainly; the comparisons are with how an SAE is usually
trained in PyTorch:

  eager autocast   matrix products in bf16 by autocast, everything else an operation of its own,
                   gradient clipping and Adam as separate passes
  compiled bf16    the same under torch.compile, with fused Adam
  fp32             no autocast, TF32 off: PyTorch's default

    baseline.py encode|step --measures FILE --work FOLDER [--tiny]

Appends lines "name TAB value" to FILE, as gpu-check's other programs do. Without a GPU it runs only
with --tiny, on the CPU, and its times say nothing.
"""

import argparse
import contextlib
import math
import pathlib
import statistics
import sys
import time

import torch

BANDWIDTH = 0.001
COEFFICIENT = 1e-3
LEARNING_RATE = 1e-7
WARM_UP = 5
SETS = 3


class Sizes:
    def __init__(self, tiny):
        self.inputs = 40 if tiny else 2304
        self.rows = 24 if tiny else 4096
        self.features = [96, 160] if tiny else [16384, 65536]
        self.l0 = 8 if tiny else 60
        self.repeats = 2 if tiny else 30
        # An eager fp32 step at F = 65536 takes over a tenth of a second.
        self.slow_repeats = 2 if tiny else 30


class Measures:
    def __init__(self, file):
        self.file = file

    def add(self, name, value):
        with open(self.file, "a", encoding="utf-8") as to:
            to.write("%s\t%s\n" % (name, " ".join(str(value).split())))
        print("  %-62s %s" % (name, value), flush=True)

    @contextlib.contextmanager
    def attempt(self, name):
        """What fails is written down, and the next thing is tried."""
        try:
            yield
        except Exception as failure:  # whatever it is: a missing compiler, too little memory
            self.add("not measured: " + name, "%s: %s" % (type(failure).__name__, failure))
            if torch.cuda.is_available():
                torch.cuda.empty_cache()


class Clock:
    """Median milliseconds of repeated work, by events on the card."""

    def __init__(self, device, repeats):
        self.device = device
        self.repeats = repeats

    def median(self, work):
        for number in range(WARM_UP):
            work(number)
        return statistics.median(self.once(work, WARM_UP + i) for i in range(self.repeats))

    def once(self, work, number):
        if self.device.type != "cuda":
            begin = time.perf_counter()
            work(number)
            return 1e3 * (time.perf_counter() - begin)
        start = torch.cuda.Event(enable_timing=True)
        end = torch.cuda.Event(enable_timing=True)
        torch.cuda.synchronize()
        start.record()
        work(number)
        end.record()
        end.synchronize()
        return start.elapsed_time(end)


class JumpReLU(torch.autograd.Function):
    """f = z H(z - threshold), with the straight-through estimator of the threshold."""

    @staticmethod
    def forward(context, z, threshold, bandwidth):
        context.save_for_backward(z, threshold)
        context.bandwidth = bandwidth
        return z * (z > threshold)

    @staticmethod
    def backward(context, gradient):
        z, threshold = context.saved_tensors
        near = ((z - threshold).abs() < context.bandwidth / 2).to(gradient.dtype)
        by_threshold = -(threshold / context.bandwidth) * near * gradient
        return gradient * (z > threshold), by_threshold.sum(0), None


class Active(torch.autograd.Function):
    """H(z - threshold), of which only the threshold has a gradient."""

    @staticmethod
    def forward(context, z, threshold, bandwidth):
        context.save_for_backward(z, threshold)
        context.bandwidth = bandwidth
        return (z > threshold).to(z.dtype)

    @staticmethod
    def backward(context, gradient):
        z, threshold = context.saved_tensors
        near = ((z - threshold).abs() < context.bandwidth / 2).to(gradient.dtype)
        return None, (-(1 / context.bandwidth) * near * gradient).sum(0), None


class Sae:
    """Parameters as the usual ones: W_enc [d, F], W_dec [F, d]."""

    def __init__(self, encoder_rows, threshold):
        device = encoder_rows.device
        features, inputs = encoder_rows.shape
        self.w_enc = encoder_rows.t().contiguous().requires_grad_()
        self.w_dec = encoder_rows.clone().requires_grad_()
        self.b_enc = torch.zeros(features, device=device, requires_grad=True)
        self.b_dec = torch.zeros(inputs, device=device, requires_grad=True)
        self.threshold = threshold.clone().requires_grad_()

    def parameters(self):
        return [self.w_enc, self.w_dec, self.b_enc, self.b_dec, self.threshold]

    def loss(self, x, bandwidth, coefficient):
        z = torch.relu(x @ self.w_enc + self.b_enc)
        f = JumpReLU.apply(z, self.threshold, bandwidth)
        l0 = Active.apply(z, self.threshold, bandwidth).sum(-1)
        error = (f @ self.w_dec + self.b_dec) - x
        reconstruction = error.float().pow(2).sum(-1).mean()
        return reconstruction + coefficient * l0.float().mean(), l0

    @torch.no_grad()
    def project(self):
        """Takes the part of the decoder's gradient along its rows off."""
        rows = self.w_dec
        along = (self.w_dec.grad * rows).sum(-1, keepdim=True) / rows.pow(2).sum(-1, keepdim=True)
        self.w_dec.grad -= along * rows

    @torch.no_grad()
    def restore(self, smallest=torch.finfo(torch.float32).tiny):
        self.w_dec /= self.w_dec.norm(dim=-1, keepdim=True)
        self.threshold.clamp_(min=smallest)


def units(rows, width, device, generator):
    values = torch.randn(rows, width, device=device, generator=generator)
    return values / values.norm(dim=-1, keepdim=True)


def thresholds(features, inputs, l0, device, generator):
    """With which about l0 features are active on a row; their rates are lognormal."""
    rates = torch.exp(1.8 * torch.randn(features, device=device, generator=generator))
    for _ in range(2):
        rates = (rates * l0 / rates.sum()).clamp(1e-6, 0.4)
    # What a normal number exceeds that often.
    above = math.sqrt(2) * torch.erfinv((1 - 2 * rates).double())
    return (above.clamp(min=0.05) / math.sqrt(inputs)).float()


class Subject:
    def __init__(self, sizes, features, device):
        generator = torch.Generator(device=device).manual_seed(1)
        self.rows = units(features, sizes.inputs, device, generator)
        self.threshold = thresholds(features, sizes.inputs, sizes.l0, device, generator)
        self.batches = [
            torch.randn(sizes.rows, sizes.inputs, device=device, generator=generator)
            / math.sqrt(sizes.inputs)
            for _ in range(SETS)
        ]


def encode(sizes, device, measures):
    clock = Clock(device, sizes.repeats)
    for features in sizes.features:
        subject = Subject(sizes, features, device)
        weights = subject.rows.t().contiguous()
        bias = torch.zeros(features, device=device)
        with torch.no_grad(), measures.attempt("torch encode F=%d" % features):

            def fp32(number):
                z = subject.batches[number % SETS] @ weights + bias
                return z * (z > subject.threshold)

            measures.add("F=%d torch fp32 encode, ms" % features, clock.median(fp32))
            active = (fp32(0) != 0).sum(-1).float().mean().item()
            measures.add("torch kept pairs of a row F=%d" % features, active)
        if device.type == "cuda":
            with torch.no_grad(), measures.attempt("torch fp16 product F=%d" % features):
                halves = weights.half()
                batches = [batch.half() for batch in subject.batches]
                product = lambda number: batches[number % SETS] @ halves
                measures.add("F=%d torch fp16 product, ms" % features, clock.median(product))
        del subject, weights


def time_step(sizes, features, device, measures, name, autocast, compiled, repeats):
    with measures.attempt(name + " F=%d" % features):
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        subject = Subject(sizes, features, device)
        sae = Sae(subject.rows, subject.threshold)
        options = {"fused": True} if compiled and device.type == "cuda" else {}
        optimizer = torch.optim.Adam(sae.parameters(), lr=LEARNING_RATE, betas=(0.0, 0.999), **options)
        # Every size is compiled for itself: code for any size would be slower.
        compile_ = (lambda f: torch.compile(f, dynamic=False)) if compiled else (lambda f: f)
        loss_of = compile_(sae.loss)
        restore = compile_(sae.restore)
        project = compile_(sae.project)

        def step(number):
            x = subject.batches[number % SETS]
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=autocast):
                loss, _ = loss_of(x, BANDWIDTH, COEFFICIENT)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            project()
            if not compiled:
                torch.nn.utils.clip_grad_norm_(sae.parameters(), 1.0)
            optimizer.step()
            restore()

        measures.add("F=%d %s, ms" % (features, name), Clock(device, repeats).median(step))
        if device.type == "cuda":
            peak = torch.cuda.max_memory_allocated() * 1e-9
            measures.add("%s F=%d, peak memory, GB" % (name, features), peak)
    if device.type == "cuda":
        torch.cuda.empty_cache()


def curve(device, measures, folder):
    """The steps that Tapscope has taken, from its own weights and rows, in fp32."""
    shape = (folder / "shape.txt").read_text().split()
    inputs, features, rows, steps, count = map(int, shape[:5])
    bandwidth, learning_rate, coefficient = map(float, shape[5:])

    def read(name, *sizes):
        values = torch.frombuffer(bytearray((folder / name).read_bytes()), dtype=torch.float32)
        return values.reshape(*sizes).to(device)

    sae = Sae(read("weights.bin", features, inputs), read("threshold.bin", features))
    optimizer = torch.optim.Adam(sae.parameters(), lr=learning_rate, betas=(0.0, 0.999), eps=1e-8)
    batches = [read("batch-%d.bin" % i, rows, inputs) for i in range(count)]
    ours = [line.split() for line in (folder / "losses.tsv").read_text().splitlines()]
    largest = 0
    for number in range(steps):
        loss, l0 = sae.loss(batches[number % count], bandwidth, coefficient)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        sae.project()
        optimizer.step()
        sae.restore()
        loss = loss.item()
        difference = abs(float(ours[number][0]) - loss) / loss
        largest = max(largest, difference) if difference == difference else difference
        if number in (0, steps - 1):
            measures.add("torch loss of step %d" % (number + 1), loss)
            measures.add("torch l0 of step %d" % (number + 1), l0.float().mean().item())
    measures.add("loss curve, largest difference, %", 100 * largest)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=["encode", "step"])
    parser.add_argument("--measures", required=True)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--tiny", action="store_true")
    arguments = parser.parse_args()
    measures = Measures(arguments.measures)
    if not torch.cuda.is_available() and not arguments.tiny:
        measures.add("not measured: torch", "PyTorch sees no GPU")
        return 0
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    measures.add("torch", torch.__version__)
    sizes = Sizes(arguments.tiny)
    if arguments.part == "encode":
        encode(sizes, device, measures)
        return 0
    folder = arguments.work / "curve"
    if (folder / "losses.tsv").exists():
        with measures.attempt("loss curve"):
            curve(device, measures, folder)
    for features in sizes.features:
        time_step(
            sizes, features, device, measures, "torch step bf16 autocast", True, False,
            sizes.repeats)
        if hasattr(torch, "compile"):
            time_step(
                sizes, features, device, measures, "torch step bf16 compiled", True, True,
                sizes.repeats)
        else:
            measures.add("not measured: torch step bf16 compiled", "this PyTorch has no compile")
        time_step(
            sizes, features, device, measures, "torch step fp32", False, False, sizes.slow_repeats)
    return 0


if __name__ == "__main__":
    sys.exit(main())
