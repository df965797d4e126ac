using Espalier.Compression;
using Espalier.Compression.Analysis;
using Espalier.Compression.Quantization;
using Espalier.Engine.Devices;
using Espalier.Text.Files;
using Espalier.Text.Labelled;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Packages;

/// <summary>What quantization did to a kind of module.</summary>
/// <param name="LeastBits">Bits of its tensor with the fewest; 32 is full precision.</param>
/// <param name="MostBits">Bits of its tensor with the most.</param>
/// <param name="Error">What became of its weights.</param>
public sealed record QuantizedKind(int LeastBits, int MostBits, WeightError Error);

/// <summary>A tensor whose bits were chosen.</summary>
/// <param name="Tensor">Its name.</param>
/// <param name="Bits">Its bits; 32 where it takes no more at full precision.</param>
/// <param name="Bytes">Bytes that it takes in the file, about.</param>
/// <param name="Sensitivity">What the model's predictions diverge by, in nats, where this tensor alone is quantized to 4 bits.</param>
public sealed record ChosenBits(string Tensor, int Bits, long Bytes, double Sensitivity);

/// <summary>What came of quantizing a model.</summary>
/// <param name="Parameters">Its parameters.</param>
/// <param name="BitsPerWeight">Nominal bits of one in the mean.</param>
/// <param name="WeightBytes">Bytes of <c>model.safetensors</c>.</param>
/// <param name="Bytes">Bytes of the whole package.</param>
/// <param name="SourceBytes">Bytes of what it was made from.</param>
/// <param name="Kinds">By kind of module.</param>
/// <param name="Chosen">Tensors whose bits were chosen, the most sensitive first; empty where bits were given.</param>
public sealed record QuantizationOutcome(
    long Parameters, double BitsPerWeight, long WeightBytes, long Bytes, long SourceBytes, IReadOnlyList<QuantizedKind> Kinds,
    IReadOnlyList<ChosenBits> Chosen);

/// <summary>Quantizes the model of a folder, after training (the paper's §4.2).</summary>
public sealed class ModelQuantization
{
    // Texts on which it is measured what a tensor bears: enough that none of them decides, few enough for hundreds of passes.
    private const int ProbeTexts = 256;

    // Bits are chosen again with what the package before took beside its tensors: a few digits of its header, from the second time on.
    private const int MostAttempts = 4;

    private readonly string _source;
    private readonly StoredModel _model;
    private readonly QuantizationSettings _settings;

    /// <summary>Loads the model.</summary>
    /// <param name="source">Its folder.</param>
    /// <param name="settings">How to quantize it.</param>
    /// <exception cref="RunException">There is none, or its configuration cannot be read.</exception>
    /// <exception cref="CompressionException">A weight is infinite or no number, or a tensor that is to be kept is not there.</exception>
    public ModelQuantization(string source, QuantizationSettings settings)
    {
        (_source, _settings, _model) = (source, settings, StoredModel.Load(source));
        _model.Weights.ThrowUnlessFinite();
        settings.ThrowUnlessKept(_model.Weights);
    }

    /// <summary>Writes a package with the same bits for every tensor that is not kept.</summary>
    /// <param name="folder">A folder that is not there.</param>
    /// <exception cref="CompressionException">A tensor cannot be quantized; nothing is written.</exception>
    /// <exception cref="IOException">The disk is full or failed; nothing is written.</exception>
    public QuantizationOutcome Write(string folder)
    {
        PackedTensor[] packed = [.. _model.Weights.Tensors.Select(t => _settings.Pack(t, _settings.Bits, _model.Masks.Of(t.Name)))];
        ModelPackage.Create(folder, _model, packed);
        return OutcomeOf(_source, folder, _model.Weights, packed, []);
    }

    /// <summary>Writes a package of no more than a certain size, with bits for each tensor by what is measured that it bears.</summary>
    /// <param name="folder">A folder that is not there.</param>
    /// <param name="bytes">Most bytes of the package.</param>
    /// <param name="data">A labelled file.</param>
    /// <param name="columns">Where its texts and labels stand.</param>
    /// <param name="threads">Worker threads; 0 takes every core.</param>
    /// <param name="progress">Told the part of the tensors that is measured.</param>
    /// <param name="cancel">Stops; nothing is written.</param>
    /// <exception cref="CompressionException">It does not fit, the model is no classifier, or a tensor cannot be quantized.</exception>
    /// <exception cref="Text.TextException">The data cannot be read.</exception>
    public QuantizationOutcome WriteWithin(
        string folder, long bytes, string data, LabelledSetOptions columns, int threads, IProgress<double>? progress, CancellationToken cancel)
    {
        using var device = new CpuDevice(threads);

        // In single precision, so that one tensor after another can be put in its place.
        using TrainedClassifier classifier = TrainedClassifier.Load(_source, device, parameters =>
        {
            parameters.Allocate(seed: 0, trainable: false);
            _model.Weights.Upload(parameters);
        });
        LabelledSet set = LabelledSet.Read(data, columns, new LabelVocabulary(classifier.Labels));
        EncodedExamples texts = EncodedExamples.Encode(
            set.Spread(ProbeTexts), classifier.Tokenizer, classifier.Configuration.MaximumPositions, cancel);
        IReadOnlyList<ClassPrediction> whole = classifier.Measure(texts, cancel).Predictions;
        IReadOnlyList<TensorSensitivity> tensors = TensorSensitivity.Measure(_model.Weights, _model.Masks, _settings, tensor =>
        {
            Put(classifier, tensor);
            double loss = Divergence(whole, classifier.Measure(texts, cancel).Predictions);
            Put(classifier, _model.Weights[tensor.Name]);
            return loss;
        }, progress);
        PackedTensor[] packed = AtomicFolder.Write(folder, to => WriteWithin(to, bytes, tensors));
        Dictionary<string, PackedTensor> byName = packed.ToDictionary(p => p.Name);
        return OutcomeOf(_source, folder, _model.Weights, packed, [
            .. from t in tensors
               orderby t.Measured descending
               let p = byName[t.Tensor]
               select new ChosenBits(t.Tensor, p.Bits, p.Bytes, t.Measured)]);
    }

    // What stands beside the tensors is known of a package that was written: it tells how much there is for them in the next.
    private PackedTensor[] WriteWithin(string to, long bytes, IReadOnlyList<TensorSensitivity> tensors)
    {
        IReadOnlyDictionary<string, int> bits = tensors.ToDictionary(t => t.Tensor, _ => TensorSensitivity.MostBits);
        long beside = 0;
        for (int attempt = 0; ; attempt++)
        {
            PackedTensor[] packed =
            [
                .. _model.Weights.Tensors.Select(t => _settings.Pack(
                    t, bits.TryGetValue(t.Name, out int b) ? b : null, _model.Masks.Of(t.Name), leaveSmall: true)),
            ];
            ModelPackage.Write(to, packed, _model.Configuration, _model.Tokenizer, _model.Head);
            long taken = ModelPackage.BytesOf(to);
            if (taken <= bytes)
            {
                return packed;
            }

            if (attempt == MostAttempts)
            {
                throw new CompressionException($"the package takes {taken:N0} bytes, more than the {bytes:N0} allowed; allow {taken - bytes:N0} bytes more");
            }

            beside = Math.Max(beside, taken - packed.Where(p => bits.ContainsKey(p.Name)).Sum(p => p.Bytes));
            bits = BitAllocation.Choose(tensors, bytes - beside);
        }
    }

    private static void Put(TrainedClassifier classifier, WeightTensor tensor)
        => classifier.Weights.Device.Upload(tensor.Values, classifier.Weights.Stored().Single(t => t.Name == tensor.Name).Values);

    // Kullback and Leibler's, of the classes' probabilities: it needs no labels, and tells changes that no prediction shows.
    private static double Divergence(IReadOnlyList<ClassPrediction> of, IReadOnlyList<ClassPrediction> from)
        => of.Zip(from).Average(pair => pair.First.Probabilities.Zip(pair.Second.Probabilities)
            .Sum(p => p.First == 0 ? 0 : p.First * Math.Log(p.First / Math.Max(p.Second, double.Epsilon))));

    /// <summary>What came of a package that is written.</summary>
    internal static QuantizationOutcome OutcomeOf(
        string source, string folder, ModelWeights weights, PackedTensor[] packed, IReadOnlyList<ChosenBits> chosen)
    {
        IReadOnlyList<WeightError> errors = WeightError.ByModule(
            weights, new ModelWeights(packed.Select(p => p.Decode())));
        PackedTensor[] Of(ModuleKind kind) => [.. packed.Where(p => ModuleKinds.Of(p.Name) == kind)];
        return new QuantizationOutcome(
            weights.Count, packed.Sum(p => p.Stored.StoredElements * (double)p.Bits) / weights.Count,
            new FileInfo(Path.Join(folder, ModelFolder.WeightsName)).Length, ModelPackage.BytesOf(folder), ModelPackage.BytesOf(source),
            [.. errors.Select(e => new QuantizedKind(Of(e.Kind).Min(p => p.Bits), Of(e.Kind).Max(p => p.Bits), e))], chosen);
    }
}
