"""The templates of a script: network, loss, optimizers, training."""

from __future__ import annotations

from rnnviz.config import Init, Loss, OptimizerKind

#: The forward pass of a stack of layers.
STACK = '''
def weights_of(weights, stack, layer):
    """The weights of a layer, in the order of SHAPES."""
    return [weights[f"{stack}{name}{LAYERS[layer]}"] for name in SHAPES]


def read(weights, stack, x, first):
    """The input of every layer, and all lines of its equations, the lowest layer first."""
    passes = []
    for layer in range(len(LAYERS)):
        lines = forward(x, first[layer], *weights_of(weights, stack, layer))
        passes.append((x, lines))
        x = lines[LINES.index(OUT)][:-1]
    return passes


def nothing():
    """The states before the first token, or their gradients, of every layer: zero."""
    return np.zeros((len(LAYERS), len(STATES), HIDDEN), DTYPE)
'''
#: One stack reads the example.
NETWORK = '''
def outputs(weights, example):
    """The passes through the layers, the states that are read out, and their logits."""
    passes = read(weights, "", rows(example[0], VOCABULARY), nothing())
    states = passes[-1][1][LINES.index(OUT)][:-1][$at]
    return passes, states, states @ weights["W_hy"].T + weights["b_y"]


def learn(weights, gradient, passes, states, d_logits):
    """Add the gradient of one example."""
    gradient["W_hy"] += d_logits.T @ states
    gradient["b_y"] += d_logits.sum(axis=0)
    d_out = np.zeros((len(passes[0][0]) + 1, HIDDEN), DTYPE)
    d_out[:-1][$at] = d_logits @ weights["W_hy"]
    for layer in reversed(range(len(LAYERS))):
        x, lines = passes[layer]
        own = weights_of(weights, "", layer)
        grads, d_x = layer_back(d_out, x, lines, own)
        for name, part in zip(SHAPES, grads):
            gradient[f"{name}{LAYERS[layer]}"] += part
        if layer:
            d_out = np.vstack([d_x, np.zeros((1, HIDDEN), DTYPE)])
'''
WHOLE = '''
def layer_back(d_out, x, lines, own):
    """The gradients of a layer's weights and, with several layers, of its input."""
    grads, _$more = backward(d_out, x, *lines, *own)
    return grads, $input
'''
TRUNCATED = '''
def layer_back(d_out, x, lines, own):
    """The same as without truncation, but in pieces of a few tokens."""
    length = settings["truncate"] or len(x)
    total, d_x = [np.zeros_like(w) for w in own], np.zeros_like(x)
    for start in range(0, len(x), length):
        part = slice(start, min(start + length, len(x)))
        # Row -1 is the one before the first token of the part.
        rows_of = [np.vstack([line[part], line[start - 1][None]]) for line in lines]
        ends = np.vstack([d_out[part], np.zeros((1, HIDDEN), DTYPE)])
        grads, _$more = backward(ends, x[part], *rows_of, *own)
        total = [a + b for a, b in zip(total, grads)]
    return total, d_x
'''
#: An encoder reads the source; the decoder begins with its last states.
TRANSLATION = '''
def outputs(weights, example):
    """The passes through encoder and decoder, the states that are read out, and their logits."""
    source = read(weights, "enc.", rows(example[2], SOURCE), nothing())
    first = [[lines[LINES.index(name)][-2] for name in STATES] for _, lines in source]
    passes = read(weights, "dec.", rows(example[0], VOCABULARY), np.array(first))
    states = passes[-1][1][LINES.index(OUT)][:-1][$at]
    return (source, passes), states, states @ weights["W_hy"].T + weights["b_y"]


def learn(weights, gradient, passes, states, d_logits):
    """Add the gradient of one example."""
    gradient["W_hy"] += d_logits.T @ states
    gradient["b_y"] += d_logits.sum(axis=0)
    source, decoder = passes
    d_out = np.zeros((len(decoder[0][0]) + 1, HIDDEN), DTYPE)
    d_out[:-1][$at] = d_logits @ weights["W_hy"]
    first = stack_back(weights, gradient, "dec.", decoder, d_out, nothing())
    d_out = np.zeros((len(source[0][0]) + 1, HIDDEN), DTYPE)
    stack_back(weights, gradient, "enc.", source, d_out, first)


def stack_back(weights, gradient, stack, passes, d_out, last):
    """Add the gradients of a stack's weights; return those of its first states.

    last are the gradients of its last states.
    """
    first = nothing()
    for layer in reversed(range(len(LAYERS))):
        x, lines = passes[layer]
        ends = {name: np.zeros((len(x) + 1, HIDDEN), DTYPE) for name in STATES}
        for k, name in enumerate(STATES):
            ends[name][-2] = last[layer][k]
        d_out = d_out + ends.pop(OUT, 0)
        own = weights_of(weights, stack, layer)
        grads, first[layer]$more = backward(d_out, *ends.values(), x, *lines, *own)
        for name, part in zip(SHAPES, grads):
            gradient[f"{stack}{name}{LAYERS[layer]}"] += part
        if layer:
            d_out = np.vstack([$input, np.zeros((1, HIDDEN), DTYPE)])
    return first
'''
LOSSES = {
    Loss.CROSS_ENTROPY: '''
def answers(logits):
    """The probabilities of the classes."""
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def losses(p, targets):
    """-ln p of the targets, in nats."""
    return -np.log(p[np.arange(len(p)), targets])


def error(p, targets):
    """dL/dlogits = p - 1 at the target."""
    return p - np.eye(p.shape[1], dtype=DTYPE)[targets]
''',
    Loss.SQUARED_ERROR: '''
def answers(logits):
    """The outputs are the values themselves."""
    return logits


def losses(y, targets):
    """The squared differences, averaged over the channels."""
    return ((y - targets) ** 2).mean(axis=1)


def error(y, targets):
    """dL/dy."""
    return 2 / y.shape[1] * (y - targets)
''',
}
#: The score of all outputs, with the number of each one's example.
METRICS = {
    "exact match": '''
def metric(found, targets, owners):
    """The share of sequences that are right as a whole."""
    right = (found.argmax(axis=1) == targets) & ~np.isnan(found).any(axis=1)
    wrong = np.unique(owners[~right])
    return 1 - len(wrong) / len(np.unique(owners))
''',
    "accuracy": '''
def metric(found, targets, owners):
    """The share of answers that are right."""
    return np.mean((found.argmax(axis=1) == targets) & ~np.isnan(found).any(axis=1))
''',
    "signs right": '''
def metric(found, targets, owners):
    """The share of answers whose signs are all right."""
    return np.mean(np.all(found * targets > 0, axis=1))
''',
    "within ½ SD": '''
def metric(found, targets, owners):
    """The share of numbers within half a standard deviation of the target."""
    return np.mean(np.abs(found - targets) < 0.5)
''',
}
#: The score of values with a tolerance.
WITHIN = '''
def metric(found, targets, owners):
    """The share of answers within $tolerance of the target."""
    return np.mean(np.all(np.abs(found - targets) < $tolerance, axis=1))
'''
DRAWS = {
    Init.NORMAL: '''
def draw(rng, shape, recurrent):
    """Independent normal numbers."""
    return $scale * rng.standard_normal(shape)
''',
    Init.XAVIER: '''
def draw(rng, shape, recurrent):
    """Uniform numbers, scaled by the number of connections (Glorot and Bengio 2010)."""
    limit = (6 / sum(shape)) ** 0.5
    return rng.uniform(-limit, limit, shape)
''',
    Init.ORTHOGONAL: '''
def draw(rng, shape, recurrent):
    """A random orthogonal matrix between states (Saxe et al. 2014), else as Glorot and Bengio."""
    if recurrent:
        q, r = np.linalg.qr(rng.standard_normal(shape))
        return q * np.sign(np.diag(r))
    limit = (6 / sum(shape)) ** 0.5
    return rng.uniform(-limit, limit, shape)
''',
    Init.IDENTITY: '''
def draw(rng, shape, recurrent):
    """The identity between states (Le et al. 2015), else independent normal numbers."""
    return np.eye(*shape) if recurrent else $scale * rng.standard_normal(shape)
''',
}
INITIAL = '''
RECURRENT = $recurrent  # matrices from state to state
FIRST = {$first}


def initial():
    """The weights at epoch 0."""
    rng = np.random.default_rng((SEED, 1))
    weights = {}
    for stack, inputs in STACKS.items():
        for number, layer in enumerate(LAYERS):
            for name, shape in SHAPES.items():
                sizes = {"H": HIDDEN, "D": HIDDEN if number else inputs}
                shape = tuple(sizes[letter] for letter in shape)
                value = np.zeros(shape)
                if len(shape) == 2:
                    value = draw(rng, shape, name in RECURRENT)
                elif name in FIRST:
                    value = FIRST[name](rng)
                weights[f"{stack}{name}{layer}"] = value
    weights["W_hy"] = draw(rng, (len(CLASSES), HIDDEN), False)
    weights["b_y"] = np.zeros(len(CLASSES))
    return {name: value.astype(DTYPE) for name, value in weights.items()}
'''
OPTIMIZERS = {
    OptimizerKind.SGD: '''
def sgd(g, slots, steps, lr):
    """Plain gradient descent."""
    return lr * g
''',
    OptimizerKind.MOMENTUM: '''
def momentum(g, slots, steps, lr):
    """Momentum (Polyak 1964)."""
    slots["v"] = 0.9 * slots.get("v", 0) + g
    return lr * slots["v"]
''',
    OptimizerKind.RMSPROP: '''
def rmsprop(g, slots, steps, lr):
    """RMSprop (Tieleman and Hinton 2012)."""
    slots["s"] = 0.99 * slots.get("s", 0) + 0.01 * g**2
    return lr * g / (np.sqrt(slots["s"]) + 1e-8)
''',
    OptimizerKind.ADAM: '''
def adam(g, slots, steps, lr):
    """Adam (Kingma and Ba 2015)."""
    slots["m"] = 0.9 * slots.get("m", 0) + 0.1 * g
    slots["s"] = 0.999 * slots.get("s", 0) + 0.001 * g**2
    mean, square = slots["m"] / (1 - 0.9**steps), slots["s"] / (1 - 0.999**steps)
    return lr * mean / (np.sqrt(square) + 1e-8)
''',
}
#: What dropout leaves out.
DROPOUT = '''
READ_X = [name for name, shape in SHAPES.items() if tuple(shape) == ("H", "D")]


def factors(epoch, done):
    """The factors of the weights in one step: 0 for what dropout leaves out."""
    counter = np.random.Philox(key=(SEED, 3), counter=(0, 0, done, epoch))
    rng, found = np.random.Generator(counter), {}
    for stack, inputs in STACKS.items():
        for number, layer in enumerate(LAYERS):
            sizes = HIDDEN if number else inputs, HIDDEN
            rates = settings["dropout"], settings["recurrent_dropout"]
            for names, size, rate in zip((READ_X, RECURRENT), sizes, rates):
                if names:
                    factor = ((rng.random(size) >= rate) / (1 - rate)).astype(DTYPE)
                    found |= {f"{stack}{name}{layer}": factor for name in names}
    return found
'''
#: What it does before and after the passes of a step.
DROPPED = """
    factor = factors(epoch, done)
    thinned = {name: factor.get(name, 1) * value for name, value in weights.items()}"""
UNDROPPED = """
    gradient = {name: factor.get(name, 1) * part for name, part in gradient.items()}"""
#: What weight decay does, before a step.
DECAY = """
        decay = settings["weight_decay"]
        if settings["optimizer"] in ("sgd", "adam"):
            weights[name] = (1 - settings["lr"] * decay) * weights[name]
        else:
            part = part + decay * weights[name]"""
TRAINING = '''
OPTIMIZERS = {$optimizers}


def clipped(gradient):
    """The gradient, clipped by value or by norm."""
    limit, by = settings["clip"], settings["clip_by"]
    if by == "value":
        return {name: part.clip(-limit, limit) for name, part in gradient.items()}
    norm = np.sqrt(sum((part.astype(float) ** 2).sum() for part in gradient.values()))
    factor = float(limit / norm) if by == "norm" and norm > limit else 1
    return {name: factor * part for name, part in gradient.items()}


def target_of(example):
    """The targets of the outputs."""
    return np.array($target)


def step(weights, memory, batch$position):
    """One step of the optimizer, whose state is in memory."""$dropped
    gradient = {name: np.zeros_like(value) for name, value in weights.items()}
    count = sum(len(target_of(example)) for example in batch)
    for example in batch:
        passes, states, logits = outputs($read, example)
        d_logits = error(answers(logits), target_of(example)) / count
        learn($read, gradient, passes, states, d_logits)$undropped
    if memory["kind"] != settings["optimizer"]:
        memory.update(kind=settings["optimizer"], steps=0, slots={name: {} for name in weights})
    memory["steps"] += 1
    update = OPTIMIZERS[settings["optimizer"]]
    for name, part in clipped(gradient).items():
        slots, steps = memory["slots"][name], memory["steps"]$decay
        weights[name] = weights[name] - update(part, slots, steps, settings["lr"])


def order(epoch):
    """The order of the examples in an epoch; a single batch isn't shuffled."""
    if BATCH >= len(TRAIN):
        return list(range(len(TRAIN)))
    return np.random.default_rng((SEED, 2, epoch)).permutation(len(TRAIN)).tolist()


def scores(weights, examples):
    """The loss and the score on some examples."""
    found = [answers(outputs(weights, example)[2]) for example in examples]
    targets = [target_of(example) for example in examples]
    owners = np.repeat(np.arange(len(found)), [len(part) for part in found])
    found, targets = np.concatenate(found), np.concatenate(targets)
    return losses(found, targets).mean(), metric(found, targets, owners)


def report(weights, epoch, done):
    """Print the loss and the score on training and test data."""
    print(f"--- Epoch {epoch}" + f", and {done} examples" * bool(done))
    for name, examples in (("Train", TRAIN), ("Test", TEST)):
        if examples:
            loss, score = scores(weights, examples)
            print(f"{name}:\\tLoss {loss:.3f} | $metric: {score:.3f}")


def train():
    """Train up to END; return the weights."""
    weights, memory, epoch, done = initial(), {"kind": ""}, 0, 0
    while (epoch, done) < END:
        stop = END[1] if epoch == END[0] else len(TRAIN)
        batches = order(epoch)
        while done < stop:
            settings.update(CHANGES.get((epoch, done), {}))
            end = min(done + BATCH, stop)
            step(weights, memory, [TRAIN[k] for k in batches[done:end]]$position)
            done = end
        if done == len(TRAIN):
            epoch, done = epoch + 1, 0
        if (not done and epoch % 100 == 0) or (epoch, done) == END:
            report(weights, epoch, done)
    return weights


def compare(weights):
    """Print whether the weights are those of the page."""
    total = 0
    for name in sorted(weights):
        total = zlib.crc32(weights[name].tobytes(), total)
    apart = abs(scores(weights, TRAIN)[0] - LOSS)
    said = "the weights differ: rounding has grown, or something else differs"
    if f"{total:08x}" == CHECKSUM:
        said = "the weights are the same to the last bit"
    elif apart <= 0.01 * LOSS:
        said = "the loss is within 1%; the weights differ, perhaps only in rounding"
    print(f"The page, on {PROCESSOR}: Loss {LOSS:.3f}; {said}")


if __name__ == "__main__":
    with np.errstate(all="ignore"):
        found = train()
        compare(found)
    if "--weights" in sys.argv:
        np.savez(sys.argv[sys.argv.index("--weights") + 1], **found)
'''
