using Espalier.Engine.Autograd;
using Espalier.Engine.Models;
using Espalier.Text.Batching;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;

namespace Espalier.Training.Pretraining;

/// <summary>How well a masked language model does on the held-out part of a corpus.</summary>
/// <param name="Evaluation">Its perplexity.</param>
/// <param name="UnigramPerplexity">That of a model that ignores context, on the same predictions.</param>
/// <param name="Parameters">Values of all its parameters.</param>
public sealed record HeldOutMeasure(Evaluation Evaluation, double UnigramPerplexity, long Parameters)
{
    /// <summary>Measures a model, with the same blocks and masks as its training did.</summary>
    /// <param name="folder">The folder of a model or a package.</param>
    /// <param name="data">A prepared corpus of the same tokenizer.</param>
    /// <param name="blocks">Most held-out blocks.</param>
    /// <param name="threads">Worker threads; 0 takes every core.</param>
    /// <param name="cancel">Stops it.</param>
    /// <param name="run">The folder of the run that the model is of: blocks are then as long as the run's, and the model that ignores
    /// context knows no more of the corpus than the run was trained on. Null where it is of none that is known: then blocks are as long as the
    /// model has positions, and, as with another corpus than the run's, all of the corpus is known.</param>
    /// <returns>Null where the corpus holds nothing out to measure by.</returns>
    /// <exception cref="RunException">The model cannot be read, or the corpus is of another tokenizer.</exception>
    /// <exception cref="Compression.CompressionException">It is a package of another version.</exception>
    /// <exception cref="Text.TextException">The corpus cannot be read.</exception>
    /// <exception cref="Engine.Safetensors.SafetensorsException">The weights are not of this model.</exception>
    public static HeldOutMeasure? Of(
        string folder, string data, int blocks, int threads = 0, CancellationToken cancel = default, string? run = null)
    {
        EncoderConfiguration model = ModelFolder.ReadConfiguration(folder);
        using var materials = new PretrainingMaterials(data, threads);
        string fingerprint = Text.Tokenization.Tokenizer.Load(Path.Join(folder, ModelFolder.TokenizerName)).Fingerprint;
        if (fingerprint != materials.Tokenizer.Fingerprint)
        {
            throw new RunMismatchException(folder, $"the corpus in {data} was prepared with another tokenizer; prepare it with this model's");
        }

        PretrainingConfiguration? own = run == null ? null : PretrainingRun.ReadConfiguration(run);
        PretrainingConfiguration? trained = own != null && RunDirectory.ReadManifest(run!).DataFingerprint == materials.DataFingerprint(cancel) ? own : null;
        var options = new MaskedBlockOptions
        {
            BlockTokens = own?.Batches.BlockTokens ?? model.MaximumPositions,
            DataFraction = trained?.Batches.DataFraction,
        };
        using MaskedLanguageModelling objective = MaskedLanguageModelling.Create(
            materials.Device, model, materials.Corpus, materials.Tokenizer, options, blocks, trained?.Seed ?? 0);
        ModelFolder.Load(folder, objective.Parameters, model, withHead: true);
        using var tape = new Tape(materials.Device);
        return objective.Evaluate(tape, cancel) is not { } evaluation ? null
            : new HeldOutMeasure(evaluation, objective.UnigramPerplexity(progress: null, cancel)!.Value, objective.Parameters.Count);
    }
}
