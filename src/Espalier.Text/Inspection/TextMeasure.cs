using System.Runtime.InteropServices;
using System.Text;
using Espalier.Text.Files;
using Espalier.Text.Tokenization;

namespace Espalier.Text.Inspection;

/// <summary>Measures texts in tokens, or in words where there is no tokenizer.</summary>
internal sealed class TextMeasure(Tokenizer? tokenizer)
{
    private readonly List<int> _ids = [];

    public string Unit => tokenizer is null ? "words" : "tokens";

    public int LengthOf(ReadOnlySpan<byte> text)
    {
        if (tokenizer is null)
            return Words.Count(text);
        _ids.Clear();
        tokenizer.Encode(text, _ids);
        return _ids.Count;
    }

    /// <summary>The text as it comes back from its tokens, those beyond <paramref name="most"/> left out.</summary>
    public string Show(ReadOnlySpan<byte> text, int most)
    {
        if (tokenizer is null)
            return Encoding.UTF8.GetString(text);
        LengthOf(text);
        return tokenizer.Decode(CollectionsMarshal.AsSpan(_ids)[..Math.Min(most, _ids.Count)], skipSpecial: false);
    }
}
