namespace Espalier.Text.Corpora;

/// <summary>What separates the documents of a text file.</summary>
public enum DocumentLayout
{
    /// <summary>Each line is a document; blank lines are nothing.</summary>
    Line,

    /// <summary>Blank lines, and the ends of files, separate documents, which may have several lines.</summary>
    Paragraph,
}
