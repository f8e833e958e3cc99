"""The classifier two-sample test (Lopez-Paz & Oquab 2017): can a small net tell generated bars from real ones?

It learns on training bars against generated ones and is judged on held-out bars against other generated ones, so no
performance is in both halves and real against real comes to about one half. It is blind to a collapse onto few good
bars: read it beside recall and coverage.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from training.metrics.played import Played

PASSES = 5
BATCH = 64


class Judge(nn.Module):
    """Bars [B, C, T] -> logit of being real [B]."""

    def __init__(self, channels: int, steps: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv1d(channels, 64, 3, padding=1),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Conv1d(64, 64, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv1d(64, 64, 3, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Dropout(0.3),
            nn.Linear(64 * (steps // 2), 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        logit: Tensor = self.net(x)
        return logit.squeeze(1)


def two_sample_test(
    train_real: Played, train_fake: Played, test_real: Played, test_fake: Played, *, seed: int = 0
) -> float:
    """Balanced accuracy on the test halves, deterministic by seed: 0.5 cannot be told apart, 1 always told."""
    x = torch.cat([train_real.tensor(), train_fake.tensor()])
    y = torch.cat([torch.ones(len(train_real)), torch.zeros(len(train_fake))])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        judge = _taught(x, y)
    with torch.no_grad():
        right_real = (judge(test_real.tensor()) > 0).float().mean()
        right_fake = (judge(test_fake.tensor()) <= 0).float().mean()
    return float(right_real + right_fake) / 2


def _taught(x: Tensor, y: Tensor) -> Judge:
    judge = Judge(x.shape[1], x.shape[2])
    optimiser = torch.optim.AdamW(judge.parameters(), lr=1e-3, weight_decay=1e-2, fused=True)
    steps = PASSES * max(len(x) // BATCH, 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=2e-3, total_steps=steps)
    for _ in range(PASSES):
        order = torch.randperm(len(x))
        for start in range(0, max(len(x) // BATCH, 1) * BATCH, BATCH):
            rows = order[start : start + BATCH]
            loss = F.binary_cross_entropy_with_logits(judge(x[rows]), y[rows])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    return judge.eval()
