using Espalier.Engine.Models;
using Espalier.Text.Tokenization;
using Espalier.Training.Runs;

namespace Espalier.Training.Pretraining;

/// <summary>
/// A masked language model to go on from, on text that is nearer to what it will be used for: what a short pretraining on a task's own
/// texts brings is the finding of Gururangan et al. (2020, Don't Stop Pretraining).
/// </summary>
/// <param name="Folder">The folder of the model.</param>
/// <param name="Model">Its encoder.</param>
/// <param name="Fingerprint">SHA-256 of its weights.</param>
internal sealed record PretrainedSource(string Folder, EncoderConfiguration Model, string Fingerprint)
{
    /// <summary>Opens it.</summary>
    /// <param name="from">A run, or the folder of a model.</param>
    /// <param name="tokenizer">That of the corpus, which has to be the model's.</param>
    /// <param name="data">The folder of the corpus.</param>
    /// <exception cref="RunException">It is none, is a classifier, or has another tokenizer.</exception>
    public static PretrainedSource Open(string from, Tokenizer tokenizer, string data)
    {
        string folder = ModelSource.Find(from);
        EncoderConfiguration model = ModelFolder.ReadConfiguration(folder);
        if (ModelFolder.ReadHead(folder).Labels != null)
        {
            throw new RunException(folder, "is a classifier, which no longer predicts words; name the pretrained run that it came from");
        }

        return Tokenizer.Load(folder).Fingerprint == tokenizer.Fingerprint
            ? new PretrainedSource(folder, model, ModelSource.Fingerprint(folder))
            : throw new RunMismatchException(
                folder, $"the corpus in {data} was prepared with another tokenizer; prepare it with espalier data prepare … --tokenizer {folder}");
    }
}
