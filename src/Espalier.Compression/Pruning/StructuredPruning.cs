using Espalier.Engine.Autograd;
using Espalier.Engine.Layers;
using Espalier.Engine.Models;

namespace Espalier.Compression.Pruning;

/// <summary>
/// Takes whole attention heads and feed-forward units out of an encoder, or an encoder-decoder, so that its matrices are smaller and
/// every kernel is faster as it is. Each attention and each layer keeps as many as the others; which ones, its own weights say.
/// </summary>
/// <remarks>
/// A head's weight is the product of the norms of its values' projection and of its columns of the output projection: what
/// can pass through it at most, up to a factor (after Michel et al. 2019, by magnitude as §4.3). A unit's is that of its row
/// of the first matrix and its column of the second.
/// </remarks>
public static class StructuredPruning
{
    /// <summary>Shrinks the stacks of a model; what stands on them stays as it is.</summary>
    /// <typeparam name="T">What describes the stacks.</typeparam>
    /// <param name="weights">The model.</param>
    /// <param name="configuration">Its stacks.</param>
    /// <param name="heads">Attention heads that each attention keeps; null keeps all.</param>
    /// <param name="feedForward">Feed-forward units that each layer keeps; null keeps all.</param>
    /// <returns>The smaller model and its stacks.</returns>
    /// <exception cref="UnfitSettingException">Fewer than one, or more than there are; or a weight is infinite or no number.</exception>
    public static (ModelWeights Weights, T Configuration) Shrink<T>(ModelWeights weights, T configuration, int? heads, int? feedForward)
        where T : StackConfiguration
    {
        T shrunk = Shrink(configuration, heads, feedForward);
        if (shrunk == configuration)
        {
            return (weights, configuration);
        }

        weights.ThrowUnlessFinite();
        Dictionary<string, WeightTensor> smaller = [];
        foreach (WeightTensor tensor in weights.Tensors)
        {
            if (LayerOf(tensor.Name, ".attention.self.value.weight") is { } attention)
            {
                KeepHeads(weights, AttentionNames.Roberta($"{attention}.attention"), configuration.ActualHeads, shrunk.ActualHeads, smaller);
            }
            else if (LayerOf(tensor.Name, ".v_proj.weight") is { } projections)
            {
                KeepHeads(weights, AttentionNames.Projections(projections), configuration.ActualHeads, shrunk.ActualHeads, smaller);
            }
            else if (LayerOf(tensor.Name, ".intermediate.dense.weight") is { } units)
            {
                KeepUnits(weights, $"{units}.intermediate.dense", $"{units}.output.dense", shrunk.ActualFeedForward, smaller);
            }
            else if (LayerOf(tensor.Name, ".fc1.weight") is { } layer)
            {
                KeepUnits(weights, $"{layer}.fc1", $"{layer}.fc2", shrunk.ActualFeedForward, smaller);
            }
        }

        return (new ModelWeights(weights.Tensors.Select(t => smaller.GetValueOrDefault(t.Name, t))), shrunk);
    }

    /// <summary>The stacks of a model that is shrunk.</summary>
    /// <inheritdoc cref="Shrink{T}(ModelWeights, T, int?, int?)"/>
    public static T Shrink<T>(T configuration, int? heads, int? feedForward) where T : StackConfiguration
    {
        if (heads == null && feedForward == null)
        {
            return configuration;
        }

        int keptHeads = heads ?? configuration.ActualHeads, keptUnits = feedForward ?? configuration.ActualFeedForward;
        Check("attention heads", keptHeads, configuration.ActualHeads);
        Check("feed-forward units", keptUnits, configuration.ActualFeedForward);

        // A copy of the very kind that it is, whatever the type that it is seen as.
        StackConfiguration stacks = configuration;
        return (T)(stacks with { Heads = keptHeads, HeadSize = configuration.ActualHeadSize, FeedForward = keptUnits });
    }

    private static void Check(string what, int kept, int there)
    {
        if (kept < 1 || kept > there)
        {
            throw new UnfitSettingException($"{kept} {what} to keep in each layer; expected {(there == 1 ? "1" : $"1 to {there}")}, as many as there are");
        }
    }

    private static string? LayerOf(string name, string end)
        => name.EndsWith(end, StringComparison.Ordinal) ? name[..^end.Length] : null;

    private static void KeepHeads(
        ModelWeights weights, AttentionNames names, int heads, int kept, Dictionary<string, WeightTensor> smaller)
    {
        WeightTensor values = weights[$"{names.Value}.weight"], output = weights[$"{names.Output}.weight"];
        int size = values.Shape.Rows / heads;
        int[] dimensions =
        [
            .. Largest(heads, kept, h => Norm(values, size * h, size, 0, values.Shape.Columns) * Norm(output, 0, output.Shape.Rows, size * h, size))
                .SelectMany(h => Enumerable.Range(h * size, size)),
        ];
        foreach (string projection in new[] { names.Query, names.Key, names.Value })
        {
            Keep(Rows(weights[$"{projection}.weight"], dimensions));
            Keep(Elements(weights[$"{projection}.bias"], dimensions));
        }

        Keep(Columns(output, dimensions));

        void Keep(WeightTensor tensor) => smaller.Add(tensor.Name, tensor);
    }

    private static void KeepUnits(ModelWeights weights, string first, string second, int kept, Dictionary<string, WeightTensor> smaller)
    {
        WeightTensor up = weights[$"{first}.weight"], down = weights[$"{second}.weight"];
        int[] units = Largest(
            up.Shape.Rows, kept, u => Norm(up, u, 1, 0, up.Shape.Columns) * Norm(down, 0, down.Shape.Rows, u, 1));
        WeightTensor bias = weights[$"{first}.bias"];
        foreach (WeightTensor tensor in new[] { Rows(up, units), Elements(bias, units), Columns(down, units) })
        {
            smaller.Add(tensor.Name, tensor);
        }
    }

    // In their old order; of equal ones the first.
    private static int[] Largest(int count, int kept, Func<int, double> weight)
        => [.. Enumerable.Range(0, count).OrderByDescending(weight).Take(kept).Order()];

    private static double Norm(WeightTensor tensor, int row, int rows, int column, int columns)
    {
        double sum = 0;
        for (int r = row; r < row + rows; r++)
        {
            foreach (float value in tensor.Values.AsSpan((r * tensor.Shape.Columns) + column, columns))
            {
                sum += value * (double)value;
            }
        }

        return Math.Sqrt(sum);
    }

    private static WeightTensor Elements(WeightTensor vector, int[] kept)
        => vector with { Shape = Shape.Vector(kept.Length), Values = [.. kept.Select(i => vector.Values[i])] };

    private static WeightTensor Rows(WeightTensor matrix, int[] kept)
    {
        int columns = matrix.Shape.Columns;
        return matrix with
        {
            Shape = Shape.Matrix(kept.Length, columns),
            Values = [.. kept.SelectMany(r => matrix.Values[(r * columns)..((r + 1) * columns)])],
        };
    }

    private static WeightTensor Columns(WeightTensor matrix, int[] kept)
    {
        int columns = matrix.Shape.Columns;
        return matrix with
        {
            Shape = Shape.Matrix(matrix.Shape.Rows, kept.Length),
            Values = [.. Enumerable.Range(0, matrix.Shape.Rows).SelectMany(r => kept.Select(c => matrix.Values[(r * columns) + c]))],
        };
    }
}
