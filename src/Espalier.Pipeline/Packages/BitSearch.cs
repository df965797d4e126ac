using Espalier.Compression;
using Espalier.Compression.Quantization;
using Espalier.Text.Labelled;
using Espalier.Training;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Packages;

/// <summary>What a search for bits came to.</summary>
/// <param name="Tensors">The weights of the package that was chosen.</param>
/// <param name="Tried">What was tried, the least loss first.</param>
/// <param name="Sensitivities">What each tensor costs; empty where there was no room to choose.</param>
internal sealed record BitChoice(PackedTensor[] Tensors, IReadOnlyList<PackageTrial> Tried, IReadOnlyList<TensorSensitivity> Sensitivities);

/// <summary>
/// Looks for the package of a classifier that keeps to a size at the least loss: with bits for each tensor by what is measured that it
/// bears, and with the same bits for all, so that nobody gets less for the bytes than plain bits give. What tensors lose one by one need
/// not add up; so it is the whole that is measured.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="classifier">The same in single precision; its weights are changed and put back.</param>
/// <param name="probe">Texts on which it is measured what a tensor bears.</param>
/// <param name="judged">Examples by whose loss packages are compared.</param>
/// <param name="folder">A folder to write packages to, one over the other: what a package takes is known when it is written.</param>
/// <param name="bytes">Most bytes of the package.</param>
/// <param name="cancel">Stops it.</param>
internal sealed class BitSearch(
    StoredModel model, TrainedClassifier classifier, EncodedExamples probe, EncodedExamples judged, string folder, long bytes, CancellationToken cancel)
{
    // Bits are chosen again with what the package before took beside its tensors: a few digits of its header, from the second time on.
    private const int MostAttempts = 4;

    // Most of the time goes to tensors: each is measured several times.
    private const double PartOfTensors = 0.8;

    private readonly List<(PackageTrial Trial, PackedTensor[] Tensors)> _fitting = [];
    private long _smallest = long.MaxValue;

    /// <summary>Searches.</summary>
    /// <param name="ways">Ways to quantize. Bits are chosen by tensor for the first that fits at the fewest; for it and the last, each
    /// number of bits is tried for all tensors.</param>
    /// <param name="progress">Told the part that is done.</param>
    /// <exception cref="CompressionException">Nothing fits, or a tensor cannot be quantized.</exception>
    public BitChoice Choose(IReadOnlyList<QuantizationSettings> ways, IProgress<double>? progress)
    {
        IReadOnlyList<TensorSensitivity> tensors = [];
        if (ways.FirstOrDefault(way => Size(Pack(way, _ => TensorSensitivity.LeastBits, leaveSmall: true)) <= bytes) is { } roomy)
        {
            tensors = Measure(roomy, new Relay<double>(part => progress?.Report(PartOfTensors * part)));
            Judge(roomy, null, ByTensor(roomy, tensors));
        }
        else
        {
            roomy = ways[^1];
        }

        (QuantizationSettings Way, int Bits)[] uniform =
            [.. ways.Where(way => way == roomy || way == ways[^1]).SelectMany(way => TensorSensitivity.AllBits.Select(bits => (way, bits)))];
        for (int i = 0; i < uniform.Length; i++)
        {
            Judge(uniform[i].Way, uniform[i].Bits, Pack(uniform[i].Way, _ => uniform[i].Bits));
            progress?.Report(PartOfTensors + ((1 - PartOfTensors) * (i + 1) / uniform.Length));
        }

        (PackageTrial Trial, PackedTensor[] Tensors)[] best = [.. _fitting.OrderBy(f => f.Trial.Loss).ThenBy(f => f.Trial.Bytes)];
        return best.Length > 0 ? new BitChoice(best[0].Tensors, [.. best.Select((f, i) => f.Trial with { Chosen = i == 0 })], tensors)
            : throw new CompressionException(
                $"the smallest package, of {TensorSensitivity.LeastBits} bits a weight, takes {_smallest:N0} bytes, {ModelPackage.BytesWithoutWeights(folder):N0} of them "
                + $"beside the weights; {bytes:N0} are allowed: allow {_smallest - bytes:N0} bytes more, prune the model too, or begin from a smaller one");
    }

    private PackedTensor[] ByTensor(QuantizationSettings way, IReadOnlyList<TensorSensitivity> tensors)
    {
        IReadOnlyDictionary<string, int> bits = tensors.ToDictionary(t => t.Tensor, _ => TensorSensitivity.LeastBits);
        PackedTensor[] least = Packed(), packed = least;
        long beside = Beside(Size(least));
        for (int attempt = 0; attempt < MostAttempts && bytes - beside >= tensors.Sum(t => t.Bytes[0]); attempt++)
        {
            bits = BitAllocation.Choose(tensors, bytes - beside);
            packed = Packed();
            long taken = Size(packed);
            if (taken <= bytes)
            {
                return packed;
            }

            beside = Math.Max(beside, Beside(taken));
        }

        return least;

        PackedTensor[] Packed() => Pack(way, tensor => bits.TryGetValue(tensor, out int b) ? b : null, leaveSmall: true);

        long Beside(long taken) => taken - packed.Where(p => bits.ContainsKey(p.Name)).Sum(p => p.Bytes);
    }

    private IReadOnlyList<TensorSensitivity> Measure(QuantizationSettings way, IProgress<double> progress)
    {
        IReadOnlyList<ClassPrediction> whole = classifier.Measure(probe, cancel).Predictions;
        return TensorSensitivity.Measure(model.Weights, model.Masks, way, tensor =>
        {
            Put(tensor);
            double loss = Divergence(whole, classifier.Measure(probe, cancel).Predictions);
            Put(model.Weights[tensor.Name]);
            return loss;
        }, progress);
    }

    private void Judge(QuantizationSettings way, int? bits, PackedTensor[] packed)
    {
        long taken = Size(packed);
        if (taken > bytes)
        {
            return;
        }

        new ModelWeights(packed.Select(p => p.Decode())).Upload(classifier.Weights);
        ClassifierResult result = classifier.Measure(judged, cancel);
        model.Weights.Upload(classifier.Weights);
        double loss = double.IsNaN(result.Loss) ? double.PositiveInfinity : result.Loss;
        _fitting.Add((new PackageTrial(bits, way.Granularity, way.Range, taken, loss, result.Confusion.Accuracy), packed));
    }

    private PackedTensor[] Pack(QuantizationSettings way, Func<string, int?> bits, bool? leaveSmall = null)
        => [.. model.Weights.Tensors.Select(t => way.Pack(t, bits(t.Name), model.Masks.Of(t.Name), leaveSmall))];

    private long Size(PackedTensor[] packed)
    {
        cancel.ThrowIfCancellationRequested();
        ModelPackage.Write(folder, packed, model.Configuration, model.Tokenizer, model.Head);
        long size = ModelPackage.BytesOf(folder);
        _smallest = Math.Min(_smallest, size);
        return size;
    }

    private void Put(WeightTensor tensor)
        => classifier.Weights.Device.Upload(tensor.Values, classifier.Weights.Stored().Single(t => t.Name == tensor.Name).Values);

    // Kullback and Leibler's, of the classes' probabilities: it needs no labels, and tells changes that no prediction shows.
    private static double Divergence(IReadOnlyList<ClassPrediction> of, IReadOnlyList<ClassPrediction> from)
        => of.Zip(from).Average(pair => pair.First.Probabilities.Zip(pair.Second.Probabilities)
            .Sum(p => p.First == 0 ? 0 : p.First * Math.Log(p.First / Math.Max(p.Second, double.Epsilon))));
}
