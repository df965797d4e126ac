using Espalier.Engine.Autograd;
using Espalier.Engine.Autograd.Ops;
using Espalier.Engine.Kernels;

namespace Espalier.Tests.Engine.Autograd;

/// <summary>Cases of every op, for given numbers of rows (N), of columns that go in (I) and of columns that come out (O).</summary>
internal static class OperationTable
{
    private const float Epsilon = 0.1f, Rate = 0.3f;

    public static IEnumerable<OperationCase> Cases(int n, int i, int o)
    {
        IEnumerable<OperationCase> cases =
        [
            .. Elementwise(n, i), .. Linears(n, i, o), .. FeedForwards(n, i, o), .. Norms(n, i), .. Attentions(n, i, o),
            .. Rows(n, i, o), .. Losses(n, i, o),
        ];
        return cases.Select(test => test with { Name = $"{test.Name} {n}×{i}×{o}" });
    }

    private static IEnumerable<OperationCase> Elementwise(int n, int i)
    {
        foreach (Activation activation in Enum.GetValues<Activation>())
        {
            yield return new(nameof(Activate), $"{activation}", r =>
                [Activate.Apply(r.Tape, r.Input(n, i, awayFromZero: activation == Activation.Relu), activation)]);
        }

        yield return new(nameof(Add), "two", r => [Add.Apply(r.Tape, r.Input(n, i), r.Input(n, i))]);
        yield return new(nameof(Add), "one twice", r =>
        {
            Tensor x = r.Input(n, i);
            return [Add.Apply(r.Tape, x, x)];
        });
        yield return new(nameof(Dropout), "", r => [Dropout.Apply(r.Tape, r.Input(n, i), Rate)]);
    }

    private static IEnumerable<OperationCase> Linears(int n, int i, int o)
    {
        foreach (Activation activation in Enum.GetValues<Activation>())
        {
            yield return new(nameof(Linear), $"{activation}", r =>
                [Linear.Apply(r.Tape, r.Input(n, i), r.Matrix(o, i), r.Vector(o), activation)])
            {
                IsSmooth = activation != Activation.Relu,
                Twin = r => [Activate.Apply(r.Tape, Linear.Apply(r.Tape, r.Input(n, i), r.Matrix(o, i), r.Vector(o)), activation)],
            };
        }

        yield return new(nameof(Linear), "no bias", r => [Linear.Apply(r.Tape, r.Input(n, i), r.Matrix(o, i), null)]);

        // One weight with and without a bias: their gradients are then first written at different times.
        yield return new(nameof(Linear), "bias, then none", r =>
        {
            (Tensor x, Parameter w, Parameter b) = (r.Input(n, i), r.Matrix(o, i), r.Vector(o));
            return [Linear.Apply(r.Tape, x, w, b), Linear.Apply(r.Tape, x, w, null)];
        });
        yield return new(nameof(Linear), "no bias, then one", r =>
        {
            (Tensor x, Parameter w, Parameter b) = (r.Input(n, i), r.Matrix(o, i), r.Vector(o));
            return [Linear.Apply(r.Tape, x, w, null), Linear.Apply(r.Tape, x, w, b)];
        });
    }

    private static IEnumerable<OperationCase> FeedForwards(int n, int h, int f)
    {
        foreach (Activation activation in Enum.GetValues<Activation>())
        {
            yield return new(nameof(FeedForward), $"{activation}", r =>
                [FeedForward.Apply(r.Tape, r.Input(n, h), r.Matrix(f, h), r.Vector(f), r.Matrix(h, f), r.Vector(h), activation)])
            {
                IsSmooth = activation != Activation.Relu,
                Twin = r =>
                {
                    Tensor inner = Linear.Apply(r.Tape, r.Input(n, h), r.Matrix(f, h), r.Vector(f), activation);
                    return [Linear.Apply(r.Tape, inner, r.Matrix(h, f), r.Vector(h))];
                },
            };
        }

        yield return new(nameof(FeedForward), "no biases", r =>
            [FeedForward.Apply(r.Tape, r.Input(n, h), r.Matrix(f, h), null, r.Matrix(h, f), null, Activation.Gelu)]);
    }

    private static IEnumerable<OperationCase> Norms(int n, int h)
    {
        yield return new(nameof(LayerNorm), "", r =>
            [LayerNorm.Apply(r.Tape, r.Input(n, h), r.Vector(h), r.Vector(h), Epsilon)]);
        foreach (float dropout in new[] { 0, Rate })
        {
            yield return new(nameof(ResidualLayerNorm), $"pre-norm, dropout {dropout}", r =>
            {
                (Tensor sum, Tensor y) = ResidualLayerNorm.Apply(
                    r.Tape, r.Input(n, h), r.Input(n, h), dropout, r.Vector(h), r.Vector(h), Epsilon);
                return [sum, y];
            })
            {
                Twin = r =>
                {
                    (Tensor residual, Tensor x) = (r.Input(n, h), r.Input(n, h));
                    Tensor sum = Add.Apply(r.Tape, residual, Dropout.Apply(r.Tape, x, dropout));
                    return [sum, LayerNorm.Apply(r.Tape, sum, r.Vector(h), r.Vector(h), Epsilon)];
                },
            };
        }

        yield return new(nameof(ResidualLayerNorm), "post-norm", r =>
            [ResidualLayerNorm.Apply(r.Tape, r.Input(n, h), r.Input(n, h), Rate, r.Vector(h), r.Vector(h), Epsilon).Y]);
        yield return new(nameof(ResidualLayerNorm), "of one tensor twice", r =>
        {
            Tensor x = r.Input(n, h);
            (Tensor sum, Tensor y) = ResidualLayerNorm.Apply(r.Tape, x, x, Rate, r.Vector(h), r.Vector(h), Epsilon);
            return [y, sum];
        });
    }

    // Two heads of I; queries fall into two sequences, the second of them sometimes empty.
    private static IEnumerable<OperationCase> Attentions(int n, int i, int o)
    {
        int[] queries = [n - (n / 3), n / 3], keys = [o, 3];
        foreach ((bool causal, float dropout) in new[] { (false, 0), (true, 0), (true, Rate) })
        {
            yield return new(nameof(Attention), $"self, {(causal ? "causal, " : "")}dropout {dropout}", r =>
                [Attention.ApplySelf(r.Tape, r.Input(n, 6 * i), heads: 2, r.Sequences(queries), causal, dropout)]);
        }

        yield return new(nameof(Attention), "cross", r =>
            [
                Attention.ApplyCross(
                    r.Tape, r.Input(n, 2 * i), r.Input(o + 3, 4 * i), heads: 2, r.Sequences(queries), r.Sequences(keys), Rate),
            ]);
    }

    private static IEnumerable<OperationCase> Rows(int n, int i, int o)
    {
        yield return new(nameof(GatherRows), "", r => [GatherRows.Apply(r.Tape, r.Input(n, i), r.Indices(o, n))]);
        yield return new(nameof(Embed), "learned positions", r =>
            [Embed.Apply(r.Tape, r.Indices(n, o), r.Indices(n, 5), r.Matrix(o, i), r.Matrix(5, i))]);
        yield return new(nameof(Embed), "fixed positions", r =>
            [Embed.Apply(r.Tape, r.Indices(n, o), r.Indices(n, 5), r.Matrix(o, i), r.Constants(5, i), scale: 1.5f)]);
        yield return new(nameof(Embed), "table twice", r =>
        {
            Parameter table = r.Matrix(o, i);
            return [Embed.Apply(r.Tape, r.Indices(n, o), r.Indices(n, o), table, table)];
        });
    }

    private static IEnumerable<OperationCase> Losses(int n, int i, int classes)
    {
        yield return new(nameof(ProjectedCrossEntropy), "bias", r =>
            [
                ProjectedCrossEntropy.Apply(
                    r.Tape, r.Input(n, i), r.Matrix(classes, i), r.Vector(classes), r.Indices(n, classes), smoothing: 0, 1f / n),
            ])
        {
            IsLoss = true,
        };
        yield return new(nameof(ProjectedCrossEntropy), "smoothing", r =>
            [
                ProjectedCrossEntropy.Apply(
                    r.Tape, r.Input(n, i), r.Matrix(classes, i), null, r.Indices(n, classes), smoothing: 0.1f, 0.7f),
            ])
        {
            IsLoss = true,
        };
        yield return new(nameof(LargestLogProbabilities), "", r => [LargestLogProbabilities.Apply(r.Tape, r.Input(n, i), 2, [0]).Values]) { HasGradient = false };
        yield return new(nameof(LogSoftmax), "", r => [LogSoftmax.Apply(r.Tape, r.Input(n, i))]) { HasGradient = false };
    }
}
