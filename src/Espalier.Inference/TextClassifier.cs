using System.Runtime.InteropServices;
using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Engine.Weights;
using Espalier.Text.Labelled;
using Espalier.Text.Tokenization;

namespace Espalier.Inference;

/// <summary>A trained classifier, opened from its folder.</summary>
/// <remarks>
/// Safe to use from several threads: calls take turns, for a single call already keeps every worker busy. For many texts at once
/// the batched call is the faster one. Dispose it when no call is under way.
/// </remarks>
/// <example><code>
/// using var classifier = TextClassifier.Open("model");
/// LabelPrediction prediction = classifier.Predict("A delightful film.");
/// Console.WriteLine($"{prediction.Label} {prediction.Probability:P1}");
/// </code></example>
public sealed class TextClassifier : IDisposable
{
    // So many tokens at once that cores are busy, and so few that activations stay in the caches.
    private const int BatchTokens = 2048;

    private readonly Lock _turn = new();
    private readonly CpuDevice _device;
    private readonly ParameterSet _parameters;
    private readonly SequenceClassifier _model;
    private readonly SequenceFramer _framer;
    private readonly Tape _tape;
    private bool _disposed;

    private TextClassifier(
        CpuDevice device, ParameterSet parameters, SequenceClassifier model, Tokenizer tokenizer, IReadOnlyList<string> labels)
    {
        (_device, _parameters, _model, Labels) = (device, parameters, model, labels);
        _framer = new SequenceFramer(tokenizer, model.Encoder.Configuration.MaximumPositions);
        _tape = new Tape(device) { Training = false, Recording = false };
    }

    /// <summary>The classes, in the order of <see cref="LabelPrediction.Probabilities"/>.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>Values of all parameters.</summary>
    public long Parameters => _parameters.Count;

    /// <summary>Opens a classifier.</summary>
    /// <param name="folder">A folder with <c>config.json</c>, <c>tokenizer.json</c> and <c>model.safetensors</c>.</param>
    /// <param name="threads">Worker threads; 0 means every core.</param>
    /// <param name="activations">What activations are when they meet a quantized weight; null as the package says.</param>
    /// <exception cref="InferenceException">It is no classifier, or cannot be read; the message says what is wrong.</exception>
    public static TextClassifier Open(string folder, int threads = 0, ActivationPrecision? activations = null)
    {
        ModelFiles files = ModelFiles.Open(folder);
        return ModelFiles.Understood(folder, () => Open(files, threads, activations));
    }

    /// <summary>Classifies a text, or a pair.</summary>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public LabelPrediction Predict(string text, string? second = null) => Predict([new TextInput(text, second)])[0];

    /// <summary>Classifies texts.</summary>
    /// <param name="texts">The texts, or pairs.</param>
    /// <param name="cancel">Stops it between batches.</param>
    /// <returns>A prediction for each, in their order.</returns>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IReadOnlyList<LabelPrediction> Predict(IReadOnlyList<TextInput> texts, CancellationToken cancel = default)
    {
        lock (_turn)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            List<LabelPrediction> predictions = new(texts.Count);
            List<int> ids = [], offsets = [0];
            List<bool> truncated = [];
            foreach (TextInput text in texts)
            {
                truncated.Add(_framer.Frame(text.First, text.Second, ids));
                offsets.Add(ids.Count);
                if (ids.Count >= BatchTokens)
                    Flush();
            }
            Flush();
            return predictions;

            void Flush()
            {
                if (truncated.Count == 0)
                    return;
                cancel.ThrowIfCancellationRequested();
                _tape.Reset();
                double[][] probabilities = _model.Probabilities(_tape, TokenBatch.Upload(
                    _tape, CollectionsMarshal.AsSpan(ids), CollectionsMarshal.AsSpan(offsets), _model.Encoder.Configuration));
                predictions.AddRange(probabilities.Select((p, i) => new LabelPrediction(Labels[Array.IndexOf(p, p.Max())], p, truncated[i])));
                ids.Clear();
                truncated.Clear();
                offsets.RemoveRange(1, offsets.Count - 1);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_turn)
        {
            if (_disposed)
                return;
            _disposed = true;
            _tape.Dispose();
            _parameters.Dispose();
            _device.Dispose();
        }
    }

    private static TextClassifier Open(ModelFiles files, int threads, ActivationPrecision? activations)
    {
        IReadOnlyList<string> labels = files.Labels;
        Tokenizer tokenizer = files.Tokenizer();
        var device = new CpuDevice(threads);
        ParameterSet? parameters = null;
        try
        {
            parameters = new ParameterSet(device);
            var model = new SequenceClassifier(parameters, files.Encoder, labels.Count);
            files.Load(parameters, activations);
            return new TextClassifier(device, parameters, model, tokenizer, labels);
        }
        catch
        {
            parameters?.Dispose();
            device.Dispose();
            throw;
        }
    }
}
