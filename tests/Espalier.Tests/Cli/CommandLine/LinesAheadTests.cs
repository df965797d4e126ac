using System.IO.Pipelines;
using System.Text;
using Espalier.Cli.CommandLine;
using Espalier.Text;

namespace Espalier.Tests.Cli.CommandLine;

public class LinesAheadTests
{
    [Fact]
    public async Task Next_WriterThatWaitsForAnAnswer_GivesItsLineBeforeMoreComes()
    {
        var pipe = new Pipe();
        var lines = new LinesAhead(pipe.Reader.AsStream(), "input", most: 8);
        foreach (string line in new[] { "one", "two\rwords", "" })
        {
            await pipe.Writer.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"));
            Assert.Equal([line], lines.Next(CancellationToken.None));
        }

        await pipe.Writer.CompleteAsync();
        Assert.Empty(lines.Next(CancellationToken.None));
    }

    [Fact]
    public void Next_MoreThanAreTakenAtOnce_GivesAllInOrder()
    {
        string[] all = [.. Enumerable.Range(0, 21).Select(i => $"line {i}")];
        var lines = new LinesAhead(new MemoryStream([.. Encoding.UTF8.GetBytes(string.Join('\n', all)), (byte)'\n', 0xFF]), "input", most: 8);
        List<string> got = [];
        while (lines.Next(CancellationToken.None) is { Count: > 0 } some)
        {
            Assert.InRange(some.Count, 1, 8);
            got.AddRange(some);
        }

        Assert.Equal([.. all, "\uFFFD"], got);
        Assert.Equal(22, Assert.Single(lines.Warnings).Line);
    }

    [Fact]
    public void Next_TextThatCannotBeRead_SaysWhy()
        => Assert.Contains("is UTF-16", Assert.Throws<TextException>(
            () => new LinesAhead(new MemoryStream([0xFF, 0xFE, 0x41, 0]), "input", most: 8).Next(CancellationToken.None)).Message);
}
