using Espalier.Compression;
using Espalier.Compression.Quantization;
using Espalier.Engine.Devices;
using Espalier.Engine.Weights;
using Espalier.Text.Files;
using Espalier.Text.Labelled;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Packages;

/// <summary>Quantizes the model of a folder, after training (the paper's §4.2).</summary>
public sealed class ModelQuantization
{
    // Texts on which it is measured what a tensor bears: enough that none of them decides, few enough for hundreds of passes.
    private const int ProbeTexts = 256;

    // Examples by which packages are compared: as many as a development set has, where a training set is given too.
    private const int JudgedTexts = 2048;

    private readonly string _source;
    private readonly StoredModel _model;
    private readonly QuantizationSettings _settings;

    /// <summary>Loads the model.</summary>
    /// <param name="source">Its folder.</param>
    /// <param name="settings">How to quantize it.</param>
    /// <exception cref="RunException">There is none, or its configuration cannot be read.</exception>
    /// <exception cref="CompressionException">A weight is infinite or no number, a tensor that is to be kept is not there, or others have no
    /// range.</exception>
    public ModelQuantization(string source, QuantizationSettings settings)
    {
        (_source, _settings, _model) = (source, settings, StoredModel.Load(source));
        _model.Weights.ThrowUnlessFinite();
        settings.ThrowUnlessKept(_model.Weights);
        settings.ThrowIfConstant(_model.Weights, _model.Masks);
    }

    /// <summary>Ways to quantize to a size where none is asked for: rows with the range of least squared error, which lose the least; where
    /// they are too large, one such range for each tensor; and the paper's, which must not be the better one.</summary>
    /// <param name="asked">What is asked for; its granularity and range do not matter.</param>
    public static IReadOnlyList<QuantizationSettings> Ways(QuantizationSettings asked) =>
    [
        asked with { Granularity = ScaleGranularity.Row, Range = RangeRule.LeastSquares },
        asked with { Granularity = ScaleGranularity.Tensor, Range = RangeRule.LeastSquares },
        asked with { Granularity = ScaleGranularity.Tensor, Range = RangeRule.MinMax },
    ];

    /// <summary>Writes a package with the same bits for every tensor that is not kept.</summary>
    /// <param name="folder">A folder that is not there.</param>
    /// <exception cref="CompressionException">A tensor cannot be quantized, or the source is quantized already and smaller; nothing is
    /// written.</exception>
    /// <exception cref="IOException">The disk is full or failed; nothing is written.</exception>
    public QuantizationOutcome Write(string folder)
    {
        PackedTensor[] packed = [.. _model.Weights.Tensors.Select(t => _settings.Pack(t, _settings.Bits, _model.Masks.Of(t.Name)))];
        return AtomicFolder.Write(folder, to =>
        {
            ModelPackage.Write(to, packed, _model.Configuration, _model.Tokenizer, _model.Head);
            ModelPackage.ThrowIfGrown(_source, to);
            return QuantizationOutcome.Of(_source, to, _model.Weights, packed);
        });
    }

    /// <summary>Writes a package of no more than a certain size: of those that fit the one whose loss is the least, with bits for each tensor
    /// by what is measured that it bears, or the same for all where that is better.</summary>
    /// <param name="folder">A folder that is not there.</param>
    /// <param name="bytes">Most bytes of the package.</param>
    /// <param name="data">A labelled file.</param>
    /// <param name="columns">Where its texts and labels stand.</param>
    /// <param name="threads">Worker threads; 0 takes every core.</param>
    /// <param name="progress">Told the part of the work that is done.</param>
    /// <param name="cancel">Stops; nothing is written.</param>
    /// <param name="ways">Ways to quantize, such as <see cref="Ways"/>; null tries that of the settings alone.</param>
    /// <exception cref="CompressionException">It does not fit, the model is no classifier, a tensor cannot be quantized, or the source is
    /// quantized already and smaller.</exception>
    /// <exception cref="Text.TextException">The data cannot be read.</exception>
    public QuantizationOutcome WriteWithin(
        string folder, long bytes, string data, LabelledSetOptions columns, int threads, IProgress<double>? progress, CancellationToken cancel,
        IReadOnlyList<QuantizationSettings>? ways = null)
    {
        using var device = new CpuDevice(threads);

        // In single precision, so that one tensor after another can be put in its place.
        using TrainedClassifier classifier = TrainedClassifier.Load(_source, device, parameters =>
        {
            parameters.Allocate(seed: 0, trainable: false);
            _model.Weights.Upload(parameters);
        });
        LabelledSet set = LabelledSet.Read(data, columns, new LabelVocabulary(classifier.Labels));
        ClassifierQuality before = ClassifierQuality.Of(_source, data, columns, threads, cancel);
        return AtomicFolder.Write(folder, to =>
        {
            var search = new BitSearch(_model, classifier, Encode(ProbeTexts), Encode(JudgedTexts), to, ModelPackage.MostBytes(_source, bytes), cancel);
            BitChoice choice = search.Choose(ways ?? [_settings], progress);
            ModelPackage.Write(to, choice.Tensors, _model.Configuration, _model.Tokenizer, _model.Head);
            ModelPackage.ThrowIfGrown(_source, to);
            return QuantizationOutcome.Of(_source, to, _model.Weights, choice.Tensors) with
            {
                Chosen = Chosen(choice),
                Tried = choice.Tried,
                Before = before,
                After = ClassifierQuality.Of(to, data, columns, threads, cancel),
            };
        });

        EncodedExamples Encode(int texts) => EncodedExamples.Encode(
            set.Spread(texts), classifier.Tokenizer, classifier.Configuration.MaximumPositions, cancel);
    }

    private static IReadOnlyList<ChosenBits> Chosen(BitChoice choice)
    {
        Dictionary<string, PackedTensor> byName = choice.Tensors.ToDictionary(p => p.Name);
        return [
            .. from t in choice.Sensitivities
               orderby t.Measured descending
               let p = byName[t.Tensor]
               select new ChosenBits(t.Tensor, p.Bits, p.Bytes, t.Measured, [
                   .. TensorSensitivity.AllBits.Zip(t.Bytes, t.Losses).Select(c => new BitCost(c.First, c.Second, c.Third, c.First <= TensorSensitivity.ProbeBits))])];
    }
}
