namespace Espalier.Text.Tokenization;

/// <summary>A token that is found in the text as it is written, before any merging. The flags are Hugging Face's.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">How it is written.</param>
/// <param name="SingleWord">Found only where no word character touches it.</param>
/// <param name="LeftStrip">Swallows the white space before it.</param>
/// <param name="RightStrip">Swallows the white space behind it.</param>
/// <param name="Normalized">Looked for after the tokens that are not, in what those left.</param>
/// <param name="Special">Left out when decoding text for people.</param>
internal sealed record AddedToken(
    int Id, string Content, bool SingleWord = false, bool LeftStrip = false, bool RightStrip = false, bool Normalized = false, bool Special = true);
