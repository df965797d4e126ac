using Espalier.Engine.Autograd;
using Espalier.Engine.Models;
using Espalier.Engine.Search;
using Espalier.Text.Bitext;
using Espalier.Text.Metrics;
using Espalier.Text.Tokenization;

namespace Espalier.Training.Objectives;

/// <summary>Sentences that models translate to be measured: their tokens, and what they are in truth.</summary>
/// <param name="pairs">The set, with its texts.</param>
/// <param name="tokenizer">What it is encoded with.</param>
internal sealed class TranslationSet(EncodedPairs pairs, Tokenizer tokenizer)
{
    private const int SentencesAtOnce = 64;

    private readonly int[][] _sources =
        [.. Enumerable.Range(0, pairs.Sources.Count).Select(i => (int[])[.. pairs.Sources[i], tokenizer.Special.Eos])];

    private readonly string[] _references = [.. pairs.Texts.Select(t => t.Target)];
    private IReadOnlyList<int>? _excluded;

    /// <summary>BLEU of a model's translations, as sacrebleu computes it on text.</summary>
    /// <param name="tape">Its training and recording are switched off.</param>
    /// <param name="model">The model.</param>
    /// <param name="beam">Hypotheses of a sentence; 1 is greedy search.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public double Bleu(Tape tape, EncoderDecoder model, int beam, CancellationToken cancel)
    {
        string[] translations =
            [.. Search(model, beam, SentencesAtOnce).Search(tape, _sources, cancel).Select(h => Sentence.Decode(tokenizer, h.Tokens))];
        return new Bleu().Score(translations, _references).Score;
    }

    /// <summary>Translates some of the sentences together.</summary>
    /// <param name="tape">Its training and recording are switched off.</param>
    /// <param name="model">The model.</param>
    /// <param name="beam">Hypotheses of a sentence; 1 is greedy search.</param>
    /// <param name="chosen">Their places in the set.</param>
    /// <returns>Tokens of the translations.</returns>
    public int Translate(Tape tape, EncoderDecoder model, int beam, IReadOnlyList<int> chosen)
        => Search(model, beam, chosen.Count).Search(tape, [.. chosen.Select(i => _sources[i])]).Sum(h => h.Tokens.Length);

    private BeamSearch Search(EncoderDecoder model, int beam, int sentences) => new(model, new BeamSettings
    {
        Begin = tokenizer.Special.Bos,
        End = tokenizer.Special.Eos,
        Beam = beam,
        BatchSentences = sentences,
        Excluded = _excluded ??= Sentence.Excluded(tokenizer, model.Configuration.Vocabulary),
    });
}
