using EventService.Server.Problems;

using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace EventService.Server.Events;

/// <summary>Content negotiation: the first of our media types that the client's Accept prefers.</summary>
internal static class AcceptedFormat
{
    /// <param name="accept">The header; absent means anything.</param>
    /// <param name="formats">What can be written, the default first.</param>
    /// <param name="mediaType">Media type of a format.</param>
    /// <exception cref="ProblemException">406: none of them is accepted.</exception>
    public static T Choose<T>(StringValues accept, IReadOnlyList<T> formats, Func<T, string> mediaType)
    {
        if (!MediaTypeHeaderValue.TryParseList(accept, out var ranges) || ranges.Count == 0)
        {
            return formats[0];
        }

        foreach (var range in ranges.OrderByDescending(r => r.Quality ?? 1).Where(r => r.Quality != 0))
        {
            foreach (var format in formats)
            {
                if (new MediaTypeHeaderValue(mediaType(format)).IsSubsetOf(range))
                {
                    return format;
                }
            }
        }

        throw new ProblemException(StatusCodes.Status406NotAcceptable,
            $"Accept is '{accept}', expected one of {string.Join(", ", formats.Select(mediaType))} or */*.");
    }
}
