using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Text.Tokenization;
using Espalier.Training.Runs;

namespace Espalier.Training.Pretraining;

/// <summary>
/// A masked language model to go on from, on text that is nearer to what it will be used for: domain- and task-adaptive pretraining
/// (Gururangan et al. 2020, Don't Stop Pretraining).
/// </summary>
/// <param name="Folder">The folder of the model.</param>
/// <param name="Model">Its encoder.</param>
/// <param name="Fingerprint">SHA-256 of its weights.</param>
internal sealed record PretrainedSource(string Folder, EncoderConfiguration Model, string Fingerprint)
{
    /// <summary>Opens it, and sees that it can be gone on from before anything is measured.</summary>
    /// <param name="from">A run, or the folder of a model or a package.</param>
    /// <param name="tokenizer">That of the corpus, which has to be the model's.</param>
    /// <param name="data">The folder of the corpus.</param>
    /// <exception cref="RunException">It is no masked language model, is damaged, or has another tokenizer.</exception>
    /// <exception cref="Compression.CompressionException">It is a package of another version.</exception>
    /// <exception cref="Engine.Safetensors.SafetensorsException">Its weights cannot be read, or are not of its configuration.</exception>
    public static PretrainedSource Open(string from, Tokenizer tokenizer, string data)
    {
        string folder = ModelSource.Find(from);
        EncoderConfiguration model = ModelFolder.ReadConfiguration(folder);
        if (ModelFolder.ReadHead(folder).Labels != null)
        {
            throw new RunException(folder, "is a classifier, which no longer predicts words; name the pretrained run that it came from");
        }

        if (model.Validate() is { Count: > 0 } faults)
        {
            throw new RunException(Path.Join(folder, ModelFolder.ConfigurationName), $"describes no model that can be trained: {string.Join("; ", faults)}");
        }

        var own = Tokenizer.Load(folder);
        if (own.Fingerprint != tokenizer.Fingerprint)
        {
            throw new RunMismatchException(
                folder, $"the corpus in {data} was prepared with another tokenizer; prepare it with espalier data prepare … --tokenizer {folder}");
        }

        if (own.VocabularySize > model.Vocabulary)
        {
            throw new RunMismatchException(
                folder, $"the tokenizer has {own.VocabularySize} symbols, the model {model.Vocabulary}; they do not belong together");
        }

        using (var device = new CpuDevice(1))
        using (var parameters = new ParameterSet(device))
        {
            _ = new MaskedLanguageModel(parameters, model);
            parameters.Allocate(seed: 0);
            ModelFolder.Load(folder, parameters, model, withHead: true);
        }

        return new PretrainedSource(folder, model, ModelSource.Fingerprint(folder));
    }
}
