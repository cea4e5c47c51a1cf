"""Writes optimizer_reference.json: five steps of PyTorch's optimizers and its learning-rate schedules, in double precision.

Run: python3 make_optimizer_reference.py      (made with PyTorch 1.13.0a0)
"""
import json

import torch

torch.manual_seed(20240801)
SIZE, STEPS = 7, 5
start = torch.randn(SIZE).tolist()
gradients = (torch.randn(STEPS, SIZE) * torch.logspace(-3, 2, SIZE)).tolist()
cases = {
    'sgd': lambda p: torch.optim.SGD(p, lr=0.05),
    'sgd momentum': lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=0.01),
    'sgd nesterov': lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.8, nesterov=True),
    'adam': lambda p: torch.optim.Adam(p, lr=0.01),
    'adam l2': lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1),
    'adamw': lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1),
}

result = {'torch': torch.__version__, 'start': start, 'gradients': gradients, 'optimizers': {}, 'schedules': {}}
for name, make in cases.items():
    w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = make([w])
    steps = []
    for g in gradients:
        w.grad = torch.tensor(g, dtype=torch.float64)
        optimizer.step()
        steps.append(w.detach().tolist())
    result['optimizers'][name] = steps

clipped = [torch.tensor(g, dtype=torch.float64, requires_grad=True) for g in gradients]
for t in clipped:
    t.grad = t.detach().clone()
result['norm'] = torch.nn.utils.clip_grad_norm_(clipped, 1.5).item()
result['clipped'] = [t.grad.tolist() for t in clipped]


def rates(schedule_of, steps):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    schedule = schedule_of(optimizer)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        schedule.step()
    return found


scheduler = torch.optim.lr_scheduler
result['schedules']['restarts'] = rates(lambda o: scheduler.CosineAnnealingWarmRestarts(o, 5, T_mult=2, eta_min=0.01), 40)
result['schedules']['restarts of equal length'] = rates(lambda o: scheduler.CosineAnnealingWarmRestarts(o, 7, T_mult=1, eta_min=0), 30)
result['schedules']['cosine'] = rates(lambda o: scheduler.CosineAnnealingLR(o, 20, eta_min=0.02), 21)
result['schedules']['warm-up'] = rates(lambda o: scheduler.LambdaLR(o, lambda t: min(1, (t + 1) / 8)), 12)

with open('optimizer_reference.json', 'w') as out:
    json.dump(result, out, indent=1)
    out.write('\n')
