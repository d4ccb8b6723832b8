"""Every cell against PyTorch, where it is installed: written once more from its paper."""

import numpy as np
import pytest

from rnnviz.cells import CELLS
from rnnviz.engine.cell_check import compiled
from rnnviz.engine.equations import equations_of

torch = pytest.importorskip("torch")
F = torch.nn.functional
T, D, H = 7, 3, 5


def elman(w, x, h):
    h = torch.tanh(w["W_xh"] @ x + w["W_hh"] @ h + w["b_h"])
    return h, (h,)


def relu(w, x, h):
    h = torch.relu(w["W_xh"] @ x + w["W_hh"] @ h + w["b_h"])
    return h, (h,)


def stacked(w, names, bias=None):
    """The weights of PyTorch's own cells: the gates below each other."""
    stack = lambda kind: torch.cat([w[f"{kind}{name}"] for name in names])  # noqa: E731
    return stack("W_x"), stack("W_h"), torch.cat([w[name] for name in bias])


def gru(w, x, h):
    W_x, W_h, b = stacked(w, "rzn", ("b_r", "b_z", "b_xn"))
    second = torch.cat([torch.zeros(2 * H).double(), w["b_hn"]])
    h = torch.gru_cell(x[None], h[None], W_x, W_h, b, second)[0]
    return h, (h,)


def lstm(w, x, h, c):
    W_x, W_h, b = stacked(w, "ifgo", [f"b_{gate}" for gate in "ifgo"])
    h, c = torch.lstm_cell(x[None], (h[None], c[None]), W_x, W_h, b, torch.zeros(4 * H).double())
    return h[0], (h[0], c[0])


def peephole(w, x, h, c):
    """Gers and Schmidhuber 2000: the output gate sees the new cell state."""
    gate = lambda k, c: torch.sigmoid(  # noqa: E731
        w[f"W_x{k}"] @ x + w[f"W_h{k}"] @ h + w[f"p_{k}"] * c + w[f"b_{k}"]
    )
    new = gate("f", c) * c + gate("i", c) * torch.tanh(w["W_xg"] @ x + w["W_hg"] @ h + w["b_g"])
    h = gate("o", new) * torch.tanh(new)
    return h, (h, new)


def mgu(w, x, h):
    """Zhou et al. 2016, equations 6 to 8."""
    f = torch.sigmoid(w["W_xf"] @ x + w["W_hf"] @ h + w["b_f"])
    new = torch.tanh(w["W_hn"] @ (f * h) + w["W_xn"] @ x + w["b_n"])
    h = torch.lerp(h, new, f)
    return h, (h,)


def leaky(w, x, s, r):
    """Song, Yang and Wang 2016: ds/dt = -s + input, by Euler's method."""
    s = s + 0.2 * (-s + w["W_xs"] @ x + w["W_rs"] @ r + w["b_s"])
    r = s.clamp(min=0)
    return r, (s, r)


def mingru(w, x, h):
    """Feng et al. 2024, appendix B: g(u) = u + 0.5 where u >= 0, else sigmoid(u)."""
    z, u = (F.linear(x, w[f"W_x{k}"], w[f"b_{k}"]) for k in "zn")
    z = z.sigmoid()
    new = torch.where(u >= 0, u + 0.5, u.sigmoid())
    h = (1 - z) * h + z * new
    return h, (h,)


def rglru(w, x, h):
    """De et al. 2024, equations 1 to 4: log a = -8 r softplus(L)."""
    u = F.linear(x, w["W_xu"], w["b_u"])
    r, i = (torch.sigmoid(F.linear(u, w[f"W_u{k}"], w[f"b_{k}"])) for k in "ri")
    log_a = -8 * r * F.softplus(w["L_a"])
    h = log_a.exp() * h + torch.sqrt(-torch.expm1(2 * log_a)) * (i * u)
    return h, (h,)


def lru(w, x, p, q):
    """Orvieto et al. 2023 with complex numbers: B = W_xp + i W_xq, y = Re(C s) + D x."""
    eigenvalue = torch.exp(torch.complex(-torch.exp(w["L_nu"]), torch.exp(w["L_theta"])))
    gamma = torch.sqrt(1 - eigenvalue.abs() ** 2)
    s = eigenvalue * torch.complex(p, q) + gamma * torch.complex(w["W_xp"] @ x, w["W_xq"] @ x)
    y = (torch.complex(w["W_py"], -w["W_qy"]) @ s).real + w["W_xy"] @ x
    return y, (s.real, s.imag)


def slstm(w, x, h, *others):
    """Beck et al. 2024, equations 8 to 17, with a sigmoid forget gate."""
    m, n, c = others
    i, f, g, o = (w[f"W_x{k}"] @ x + w[f"W_h{k}"] @ h + w[f"b_{k}"] for k in "ifgo")
    new = torch.maximum(F.logsigmoid(f) + m, i)
    i, f = torch.exp(i - new), torch.exp(F.logsigmoid(f) + m - new)
    c, n = f * c + i * torch.tanh(g), f * n + i
    h = torch.sigmoid(o) * (c / n)
    return h, (h, new, n, c)


def cornn(w, x, z, y):
    """Rusch and Mishra 2021, equation 3: the new speed moves the place."""
    force = torch.tanh(w["W_yz"] @ y + w["W_zz"] @ z + w["W_xz"] @ x + w["b_z"])
    z = z + 0.1 * (force - 1.3 * y - 4.7 * z)
    y = y + 0.1 * z
    return y, (z, y)


STEPS = {
    "elman": elman, "elman-relu": relu, "gru": gru, "lstm": lstm, "peephole": peephole, "mgu": mgu,
    "leaky": leaky, "mingru": mingru, "rglru": rglru, "lru": lru, "slstm": slstm, "cornn": cornn,
}  # fmt: skip


def test_every_cell_has_its_twin():
    assert [*STEPS] == [*CELLS]


@pytest.mark.parametrize("name", CELLS)
def test_outputs_and_gradients_are_those_of_the_paper_in_pytorch(name):
    equations, space = equations_of(CELLS[name]), compiled(CELLS[name])
    rng, sizes = np.random.default_rng(3), {"H": H, "D": D}
    shapes = {key: [sizes[size] for size in shape] for key, shape in equations.shapes.items()}
    weights = {key: 0.5 * rng.standard_normal(shape) for key, shape in shapes.items()}
    x, d_out = rng.standard_normal((T, D)), rng.standard_normal((T + 1, H))
    d_out[-1] = 0
    first = np.abs(rng.standard_normal((len(equations.states), H)))
    theirs = {key: torch.tensor(value, requires_grad=True) for key, value in weights.items()}
    begin = state = [torch.tensor(value, requires_grad=True) for value in first]
    outputs = []
    for token in torch.tensor(x):
        output, state = STEPS[name](theirs, token, *state)
        outputs.append(output)
    (torch.stack(outputs) * torch.tensor(d_out[:-1])).sum().backward()

    lines = space["forward"](x, first, **weights)
    found, found_first = space["backward"](d_out, x, *lines, **weights)
    ours = lines[[*equations.nodes].index(equations.out)][:-1]
    close(ours, torch.stack(outputs).detach())
    for gradient, theirs_there in zip(found, theirs.values(), strict=True):
        close(gradient, theirs_there.grad)
    for gradient, theirs_there in zip(found_first, begin, strict=True):
        close(gradient, theirs_there.grad)


def close(ours, theirs):
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=1e-10)
