"""Train a GRU in PyTorch, and look inside it: word by word, and where its memory is.

It needs PyTorch: pip install torch. In the end it writes the network and the phrases. To open the
page over them: rnnviz open gru.safetensors --examples phrases.csv
"""

from pathlib import Path

import torch
from torch import nn

import rnnviz
from rnnviz import safetensors_file

PHRASES = [
    ("good", "positive"),
    ("very good", "positive"),
    ("i am good", "positive"),
    ("not bad", "positive"),
    ("i am not bad", "positive"),
    ("bad", "negative"),
    ("very bad", "negative"),
    ("i am bad", "negative"),
    ("not good", "negative"),
    ("i am not good", "negative"),
]
WORDS = sorted({word for phrase, _ in PHRASES for word in phrase.split()})
CLASSES = ["negative", "positive"]


class Classifier(nn.Module):
    """An embedding, a GRU, and a readout of its last state."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(WORDS), 8)
        self.gru = nn.GRU(8, 16, batch_first=True)
        self.readout = nn.Linear(16, len(CLASSES))

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """The logits (B, 2) of phrases (B, T)."""
        states, _ = self.gru(self.embedding(words))
        return self.readout(states[:, -1])


def numbers(phrase: str) -> torch.Tensor:
    """A phrase as a batch of one, (1, T)."""
    return torch.tensor([[WORDS.index(word) for word in phrase.split()]])


def trained() -> Classifier:
    """The classifier after 60 epochs of Adam."""
    torch.manual_seed(0)
    model = Classifier()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(60):
        for phrase, label in PHRASES:
            optimizer.zero_grad()
            logits = model(numbers(phrase))
            nn.functional.cross_entropy(logits, torch.tensor([CLASSES.index(label)])).backward()
            optimizer.step()
    return model.eval()


def main() -> None:
    """Train, look inside, and write what is needed to look further."""
    model = trained()
    session = rnnviz.from_torch(model, WORDS, CLASSES, examples=PHRASES)
    probe = session.inspect("i am not bad")
    difference = (model(numbers("i am not bad")) - torch.tensor(probe.trace.logits)).abs().max()
    print(f"i am not bad: {probe.answer}; off from PyTorch by {difference:.0e}")
    for word, probabilities in zip(probe.words, probe.running_probs, strict=True):
        print(f"{word:>6}: positive {probabilities[1]:6.1%}")
    print(session.story.sentence)
    print(session.player.message)
    Path("gru.safetensors").write_bytes(safetensors_file(session))
    lines = [f"{phrase},{label}\n" for phrase, label in PHRASES]
    Path("phrases.csv").write_text("text,label\n" + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
