namespace Espalier.Text.Labelled;

/// <summary>A file of rows in which no column looks like a label, as in the test files of GLUE, whose labels are secret.</summary>
/// <param name="problem">What was wrong, what was expected and what to do next.</param>
/// <param name="file">The file.</param>
public sealed class UnlabelledException(string problem, string file) : TextException(problem, file, 1);
