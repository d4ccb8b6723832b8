"""Train an LSTM in PyTorch while the page watches it: it learns to remember the first word.

It needs PyTorch: pip install torch. Start it, and open the page in another window, at once or when
it has ended: rnnviz open recall.rnnviz
"""

import torch
from torch import nn

from rnnviz.torch import Recorder

COLOURS = ["blue", "green", "red", "white"]
OTHERS = ["and", "then", "so", "on"]
WORDS = [*COLOURS, *OTHERS]
LENGTH, BATCH, STEPS = 12, 16, 600


class Recall(nn.Module):
    """An embedding, an LSTM, and a readout of its last state."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(WORDS), 16)
        self.lstm = nn.LSTM(16, 32, batch_first=True)
        self.readout = nn.Linear(32, len(COLOURS))

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """The logits (B, 4) of sentences (B, T)."""
        states, _ = self.lstm(self.embedding(words))
        return self.readout(states[:, -1])


def sentences(count: int) -> torch.Tensor:
    """A colour, and then other words: (count, T)."""
    first = torch.randint(len(COLOURS), (count, 1))
    others = torch.randint(len(COLOURS), len(WORDS), (count, LENGTH - 1))
    return torch.cat([first, others], dim=1)


def spelled(words: torch.Tensor) -> tuple[str, str]:
    """A sentence as a text, and its label."""
    text = [WORDS[k] for k in words.tolist()]
    return " ".join(text), text[0]


def main() -> None:
    """Train, with three lines for the Recorder."""
    torch.manual_seed(0)
    torch.set_num_threads(1)  # matrices this small are fastest so
    model = Recall()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
    probe = [spelled(words) for words in sentences(24)]
    with Recorder(
        model, "recall.rnnviz", vocabulary=WORDS, classes=COLOURS, probe=probe, every=10
    ) as recorder:
        for step in range(1, STEPS + 1):
            words = sentences(BATCH)
            logits, targets = model(words), words[:, 0]
            loss = nn.functional.cross_entropy(logits, targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            right = (logits.argmax(dim=1) == targets).float().mean()
            recorder.step(loss=loss, accuracy=right)
            if step % 100 == 0:
                print(f"step {step}: loss {loss:.3f}, {right:.0%} right", flush=True)
    print("rnnviz open recall.rnnviz")


if __name__ == "__main__":
    main()
