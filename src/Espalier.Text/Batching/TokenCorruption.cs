using Espalier.Text.Randomness;
using Espalier.Text.Tokenization;

namespace Espalier.Text.Batching;

/// <summary>
/// The corruption of masked language modelling (Devlin et al. 2019, §3.1): each token that is not special is to be predicted
/// with a probability of 15 %; of those, 80 % become the mask symbol, 10 % a random token, 10 % stay.
/// </summary>
internal sealed class TokenCorruption(Tokenizer tokenizer, MaskedBlockOptions options)
{
    private const double UnitOf32Bits = 1.0 / (1L << 32);
    private readonly int _mask = tokenizer.Special.Mask;
    private readonly bool[] _isText = [.. Enumerable.Range(0, tokenizer.VocabularySize).Select(tokenizer.IsText)];

    /// <summary>Corrupts <paramref name="tokens"/> in place and tells <paramref name="batch"/> what is to be predicted.</summary>
    /// <param name="tokens">A sequence.</param>
    /// <param name="offset">Its place in the batch.</param>
    /// <param name="batch">Receives positions and targets.</param>
    /// <param name="random">One draw a token, in order, and one more for each random token.</param>
    public void Apply(Span<int> tokens, int offset, MaskedBatch batch, CounterRandom random)
    {
        for (int i = 0; i < tokens.Length; i++)
        {
            ulong draw = random.Next();
            if ((uint)draw * UnitOf32Bits >= options.MaskRate || !_isText[tokens[i]])
                continue;
            batch.AddTarget(offset + i, tokens[i]);
            double kind = (draw >> 32) * UnitOf32Bits;
            if (kind < options.MaskedShare)
                tokens[i] = _mask;
            else if (kind < options.MaskedShare + options.RandomShare)
                tokens[i] = RandomToken(ref random);
        }
    }

    private int RandomToken(ref CounterRandom random)
    {
        int token;
        do
            token = (int)random.Below(_isText.Length);
        while (!_isText[token]);
        return token;
    }
}
