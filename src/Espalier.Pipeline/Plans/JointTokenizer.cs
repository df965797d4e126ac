using Espalier.Text.Bitext;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Plans;

/// <summary>The vocabulary of both languages, learned from the texts of both, as large as they and the size of a package support.</summary>
internal static class JointTokenizer
{
    /// <summary>Learns it; what is there already stays.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="corpus">What is translated.</param>
    /// <param name="vocabulary">Tokens; null chooses.</param>
    /// <param name="maxBytes">Most bytes of a package; null for any.</param>
    /// <param name="tell">Told what is being done.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="Text.TextException">A file cannot be read, or there is no text.</exception>
    public static void Make(
        string folder, ParallelCorpus corpus, int? vocabulary, long? maxBytes, Action<string> tell, CancellationToken cancel)
    {
        string file = Path.Join(folder, ModelFolder.TokenizerName);
        if (!File.Exists(file))
        {
            vocabulary ??= TextAmount.JointVocabulary(TextAmount.BytesOf(corpus.Train), maxBytes);
            TextAmount.Learn(corpus.Train, part: 1, vocabulary.Value, tell, cancel).Save(file);
        }
    }
}
