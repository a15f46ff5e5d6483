"""Goldens of the differentiable functions, from torch autograd in float64.

Writes Tests/Goldens/functions/*.json. Every case has inputs, the upstream gradient, outputs, and
the gradient with respect to every input. Run: ${PYTHON:-python3} scripts/goldens/functions.py
"""

import math

import torch
import torch.nn.functional as F

from golden import case, draw, exact, number, tensor, versions, write

NOTE = "float32 inputs, expected values computed in float64"
random = torch.Generator().manual_seed(20210512)


def save(name, cases, about):
    write(f"functions/{name}.json", {"about": about, "cases": cases}, __file__, versions(), NOTE)


def skip_draws(shapes):
    """Draws what goldens of functions that are gone have drawn, so that the others stay the same."""
    for shape in shapes:
        draw(random, *shape)


def linear():
    cases = []
    for rows, inner, columns in [(5, 7, 3), (3, 33, 5), (1, 1, 1), (31, 9, 17)]:
        inputs = {
            "x": draw(random, rows, inner),
            "weight": draw(random, columns, inner),
            "bias": draw(random, columns),
        }
        cases.append(case(f"{rows}x{inner} to {columns}", inputs,
                          lambda x, weight, bias: F.linear(x, weight, bias),
                          draw(random, rows, columns)))
    save("linear", cases, "x W^T + b; x [rows, in], weight [out, in], bias [out]")


def wide_values():
    tiny = [0.0, 1e-30, -1e-30, 1e-20, -1e-20, 1e-10, -1e-10, 1e-7, -1e-7, 1e-4, -1e-4, 1e-3, -1e-3]
    return exact(tiny + [k / 4 for k in range(-48, 49)] + [0.03, -0.03, 0.7517916, -0.7517916])


def pointwise():
    # In this form float64 keeps its relative accuracy in the left tail, where torch's own forms
    # cancel. Both are compared below.
    def gelu_erf(x):
        return x * 0.5 * torch.special.erfc(-x / math.sqrt(2))

    def gelu_tanh(x):
        return x * torch.sigmoid(2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))

    wide = wide_values()
    assert (gelu_erf(wide) - F.gelu(wide)).abs().max() < 1e-14
    assert (gelu_tanh(wide) - F.gelu(wide, approximate="tanh")).abs().max() < 1e-14
    functions = {
        "gelu_erf": (gelu_erf, "x Phi(x), the erf form; HF hidden_act gelu"),
        "gelu_tanh": (gelu_tanh, "the tanh form; HF hidden_act gelu_new and gelu_pytorch_tanh"),
        "tanh": (torch.tanh, "hyperbolic tangent"),
    }
    for name, (function, about) in functions.items():
        cases = [case("wide range", {"x": wide}, function)]
        for shape in [(5, 7), (3, 33)]:
            cases.append(case("x".join(map(str, shape)), {"x": draw(random, *shape, scale=2.0)},
                              function, draw(random, *shape)))
        save(name, cases, about)


def row_softmax():
    cases = []
    shapes = [(5, 7, 1, 0), (3, 33, 3, 0), (2, 1, 1, 0), (4, 2, 2, 100), (2, 31, 20, -50)]
    for rows, columns, scale, shift in shapes:
        cases.append(case(f"{rows}x{columns} scale {scale} shift {shift}",
                          {"x": draw(random, rows, columns, scale=scale, shift=shift)},
                          lambda x: torch.softmax(x, dim=-1), draw(random, rows, columns)))
    save("softmax", cases, "over the last axis")
    skip_draws((rows, columns) for rows, columns, _, _ in shapes for _ in range(2))


def layer_norm():
    cases, sums = [], []
    for rows, columns in [(5, 7), (3, 33), (1, 2), (4, 64)]:
        affine = {
            "weight": draw(random, columns, scale=0.5, shift=1.0),
            "bias": draw(random, columns),
        }
        shape, upstream = f"{rows}x{columns}", draw(random, rows, columns)

        def norm(value, weight, bias):
            return F.layer_norm(value, (columns,), weight, bias, 1e-12)

        cases.append(case(shape, {"x": draw(random, rows, columns, shift=0.5), **affine},
                          lambda x, weight, bias: norm(x, weight, bias), upstream,
                          {"epsilon": 1e-12}))
        parts = {"x": draw(random, rows, columns),
                 "residual": draw(random, rows, columns, scale=2.0)}
        sums.append(case(shape, {**parts, **affine},
                         lambda x, residual, weight, bias: norm(x + residual, weight, bias),
                         upstream, {"epsilon": 1e-12}))
        sums.append(case(f"{shape} with dense bias",
                         {**parts, "dense_bias": draw(random, columns), **affine},
                         lambda x, residual, dense_bias, weight, bias: norm(
                             x + dense_bias + residual, weight, bias),
                         upstream, {"epsilon": 1e-12}))
    save("layer_norm", cases, "biased variance over the last axis")
    save("residual_layer_norm", sums, "LayerNorm(x + [dense_bias] + residual)")


def embedding():
    cases = []
    for lengths, words, places, columns in [([3, 1, 5], 12, 7, 10), ([2, 6], 5, 6, 33)]:
        tokens = sum(lengths)
        ids = torch.randint(0, words, (tokens,), generator=random)
        ids[-1] = ids[0]  # one word twice, so its gradient rows are summed
        positions = torch.cat([torch.arange(length) for length in lengths])
        types = torch.randint(0, 2, (tokens,), generator=random)
        inputs = {
            "word": draw(random, words, columns),
            "position": draw(random, places, columns),
            "type": draw(random, 2, columns),
            "weight": draw(random, columns, scale=0.5, shift=1.0),
            "bias": draw(random, columns),
        }

        def embed(word, position, type, weight, bias):
            total = word[ids] + position[positions] + type[types]
            return F.layer_norm(total, (columns,), weight, bias, 1e-12), total

        cases.append(case(f"{tokens} tokens of {columns}", inputs, embed,
                          draw(random, tokens, columns), {"epsilon": 1e-12},
                          {"lengths": lengths, "ids": ids.tolist(),
                           "positions": positions.tolist(), "types": types.tolist()},
                          ["output", "sum"]))
    save("embedding", cases, "LayerNorm(word[id] + position[p] + type[t]), packed sequences")


def packed_attention():
    cases = []
    for lengths, heads, size in [([3, 1, 5], 2, 4), ([1, 7, 2], 3, 5), ([33], 1, 8)]:
        tokens, width = sum(lengths), heads * size

        def attend(qkv):
            results, start = [], 0
            for length in lengths:
                block = qkv[start:start + length].reshape(length, 3, heads, size)
                query, key, value = (block[:, part].transpose(0, 1) for part in range(3))
                scores = query @ key.transpose(1, 2) / math.sqrt(size)
                context = torch.softmax(scores, dim=-1) @ value
                results.append(context.transpose(0, 1).reshape(length, width))
                start += length
            return torch.cat(results)

        cases.append(case(f"lengths {lengths} heads {heads} size {size}",
                          {"qkv": draw(random, tokens, 3 * width)}, attend,
                          draw(random, tokens, width), {"heads": heads, "head_size": size},
                          {"lengths": lengths}))
    save("packed_attention", cases,
         "row of qkv = [query of all heads | key | value]; scores scaled by 1/sqrt(head_size)")


def classification_losses():
    hard, divergence, soft = [], [], []
    for rows, columns in [(5, 3), (3, 33), (1, 2), (7, 5)]:
        targets = torch.randint(0, columns, (rows,), generator=random)
        for smoothing in [0.0, 0.1]:
            hard.append(case(f"{rows}x{columns} label smoothing {smoothing}",
                             {"logits": draw(random, rows, columns, scale=2.0)},
                             lambda logits: F.cross_entropy(logits, targets,
                                                            label_smoothing=smoothing),
                             exact([0.75])[0], {"label_smoothing": smoothing},
                             {"targets": targets.tolist()}))
        for temperature in [1.0, 2.0]:
            logits = {
                "student": draw(random, rows, columns, scale=2.0),
                "teacher": draw(random, rows, columns, scale=2.0),
            }
            for squared in [False, True]:
                factor = temperature**2 if squared else 1.0

                def kl(student, teacher):
                    return factor * F.kl_div(torch.log_softmax(student / temperature, -1),
                                             torch.log_softmax(teacher / temperature, -1),
                                             log_target=True, reduction="batchmean")

                divergence.append(case(
                    f"{rows}x{columns} temperature {temperature:g} squared factor {squared}",
                    logits, kl, exact([0.75])[0],
                    {"temperature": temperature, "temperature_squared": squared}))

            def cross(student, teacher):
                target = torch.softmax(teacher / temperature, -1)
                return -(target * torch.log_softmax(student / temperature, -1)).sum(-1).mean()

            soft.append(case(f"{rows}x{columns} temperature {temperature:g}", logits, cross,
                             exact([0.75])[0], {"temperature": temperature}))
    save("cross_entropy", hard, "mean over rows")
    save("kl_divergence", divergence,
         "KL(teacher || student) = sum p_t (log p_t - log p_s), mean over rows, "
         "with or without T^2")
    save("soft_cross_entropy", soft, "-sum p_t log p_s, mean over rows, no T^2")


def pairs_of_rows():
    squared = []
    for rows in [1, 7, 33]:
        squared.append(case(f"{rows} rows", {"student": draw(random, rows, 1),
                                             "teacher": draw(random, rows, 1, scale=2.0)},
                            lambda student, teacher: F.mse_loss(student, teacher),
                            exact([0.75])[0]))
    save("mse", squared, "squared error of one output column, mean over rows")
    skip_draws([(5, 7), (5, 7), (5,), (3, 33), (3, 33), (3,), (1, 1), (1, 1), (1,)])


def gumbel_softmax():
    cases = []
    for rows, words, columns in [(4, 11, 6), (3, 33, 7)]:
        for temperature in [1.0, 0.7]:
            uniform = torch.rand(rows, words, generator=random).clamp(1e-6, 1 - 1e-6)
            noise = (-torch.log(-torch.log(uniform.double()))).float().double()
            inputs = {
                "logits": draw(random, rows, words, scale=1.5),
                "embedding": draw(random, words, columns),
            }
            chosen = (torch.log_softmax(inputs["logits"], -1) + noise).argmax(-1)

            def sample(logits, embedding):
                soft = torch.softmax((torch.log_softmax(logits, -1) + noise) / temperature, -1)
                hard = F.one_hot(soft.argmax(-1), words).double()
                straight = hard - soft.detach() + soft
                return straight @ embedding, soft

            record = case(f"{rows}x{words} temperature {temperature:g}", inputs, sample,
                          draw(random, rows, columns), {"temperature": temperature},
                          {"chosen": chosen.tolist()}, ["output", "soft"])
            record["noise"] = tensor(noise)
            cases.append(record)
    save("gumbel_softmax", cases,
         "y = softmax((log_softmax(logits) + noise) / tau); straight-through one-hot of y times E; "
         "the embedding's gradient flows through the one-hot, the logits' through y")


def soft_embedding():
    cases = []
    for tokens, words, width, columns, rows in [
            (4, 11, 6, 5, [0, 1, 2, 3]), (5, 33, 7, 9, [1, 3, 4])]:
        for rate, temperature in [(0.5, 1.0), (0.3, 0.25)]:
            states = draw(random, len(rows), width)
            decoder, bias = draw(random, words, width), draw(random, words)
            ids = torch.randint(0, words, (tokens,), generator=random)
            q = torch.softmax((states @ decoder.T + bias) / temperature, -1)
            kept = q.gather(1, ids[rows, None]).sum()

            def mix(embedding):
                mixture = F.one_hot(ids, words).double()
                mixture[rows] = (1 - rate) * mixture[rows] + rate * q
                return mixture @ embedding

            record = case(f"{len(rows)} of {tokens} tokens, rate {rate:g}, "
                          f"temperature {temperature:g}", {"embedding": draw(random, words, columns)},
                          mix, draw(random, tokens, columns),
                          {"rate": rate, "temperature": temperature},
                          {"ids": ids.tolist(), "rows": rows})
            record["outputs"]["kept"] = number(kept)
            record |= {"states": tensor(states), "decoder": tensor(decoder), "bias": tensor(bias)}
            cases.append(record)
    save("soft_embedding", cases,
         "at the given rows (1 - rate) onehot + rate q, q = softmax((states decoder^T + bias) / "
         "temperature), elsewhere onehot; times E; kept: sum of q at the tokens' own words")


def optimisers():
    start = draw(random, 13)
    gradients = draw(random, 5, 13)
    gradients[:, 3] = 0.0
    gradients[:, 4] = (gradients[:, 4] * 1e-6).float().double()
    gradients[2, 5:8] = 0.0
    cases = []
    for name, kind in [("adamw", torch.optim.AdamW), ("adam", torch.optim.Adam)]:
        for decay in [0.1, 0.0]:
            value = torch.nn.Parameter(start.clone())
            optimiser = kind([value], lr=1e-2, betas=(0.9, 0.999), eps=1e-8, weight_decay=decay)
            history = []
            for gradient in gradients:
                value.grad = gradient.clone()
                optimiser.step()
                history.append(value.detach().clone())
            state = optimiser.state[value]
            cases.append({
                "name": f"{name} weight decay {decay:g}",
                "parameters": {"optimiser": name, "learning_rate": 1e-2, "beta1": 0.9,
                               "beta2": 0.999, "epsilon": 1e-8, "weight_decay": decay},
                "inputs": {"start": tensor(start), "gradients": tensor(gradients)},
                "outputs": {"values_after_each_step": tensor(torch.stack(history)),
                            "first_moment": tensor(state["exp_avg"]),
                            "second_moment": tensor(state["exp_avg_sq"])},
            })
    save("adam", cases,
         "torch.optim; adamw decays decoupled, adam adds decay * value to the gradient")

    clipped = []
    for limit in [1.0, 5.0, 100.0]:
        parts = [torch.nn.Parameter(torch.zeros(5, 7).double()),
                 torch.nn.Parameter(torch.zeros(33).double())]
        given = [draw(random, 5, 7), draw(random, 33)]
        for part, gradient in zip(parts, given):
            part.grad = gradient.clone()
        norm = torch.nn.utils.clip_grad_norm_(parts, limit)
        clipped.append({
            "name": f"limit {limit:g}", "parameters": {"max_norm": limit},
            "inputs": {"first": tensor(given[0]), "second": tensor(given[1])},
            "outputs": {"norm": number(norm), "first": tensor(parts[0].grad),
                        "second": tensor(parts[1].grad)},
        })
    save("gradient_clipping", clipped,
         "global L2 norm; factor min(1, max_norm / (norm + 1e-6)) "
         "as torch.nn.utils.clip_grad_norm_")


if __name__ == "__main__":
    linear()
    pointwise()
    row_softmax()
    layer_norm()
    embedding()
    packed_attention()
    classification_losses()
    pairs_of_rows()
    gumbel_softmax()
    optimisers()
    soft_embedding()
