namespace Espalier.Text.Files;

/// <summary>Tells how much of several files has been read, by their bytes on disk.</summary>
internal sealed class InputProgress
{
    private readonly long[] _before;
    private readonly IProgress<double>? _progress;

    public InputProgress(IReadOnlyList<string> files, IProgress<double>? progress)
    {
        _progress = progress;
        _before = new long[files.Count + 1];
        for (int i = 0; i < files.Count; i++)
            _before[i + 1] = _before[i] + (File.Exists(files[i]) ? new FileInfo(files[i]).Length : 0);
    }

    public void Report((int File, long Bytes) position) =>
        _progress?.Report((double)(_before[position.File] + position.Bytes) / Math.Max(1, _before[^1]));
}
